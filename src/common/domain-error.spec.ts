import { describe, expect, it } from '@jest/globals';
import { DomainError, invalidField, invalidFields, notFound, pointerStep } from './domain-error.js';

describe('DomainError', () => {
  it('has its kind as code until something more precise is known', () => {
    expect(new DomainError('conflict', 'Taken').code).toBe('conflict');
    expect(new DomainError('conflict', 'Taken', { code: 'uq_masters_name' }).code).toBe('uq_masters_name');
  });

  it('names its subclass, so that logs tell them apart', () => {
    class LimitReached extends DomainError {}
    expect(new LimitReached('conflict', 'Full').name).toBe('LimitReached');
  });

  it('says of an absent resource nothing but its kind', () => {
    expect(notFound('key')).toMatchObject({ kind: 'not_found', code: 'not_found', message: 'No such key', errors: [] });
  });

  it('names the wrong field', () => {
    const error = invalidField('/id', 'id must be a number');
    expect(error.message).toBe('id must be a number');
    expect(error.errors).toEqual([{ pointer: '/id', message: 'id must be a number' }]);
  });

  it('counts the wrong fields when there are several', () => {
    const errors = ['/a', '/b'].map((pointer) => ({ pointer, message: 'is wrong' }));
    expect(invalidFields(errors)).toMatchObject({ kind: 'invalid', message: '2 fields are wrong', errors });
  });
});

describe('pointerStep', () => {
  it('escapes what JSON pointers give a meaning to', () => {
    expect(['a/b', 'm~n', 3, '~1'].map(pointerStep)).toEqual(['/a~1b', '/m~0n', '/3', '/~01']);
  });
});
