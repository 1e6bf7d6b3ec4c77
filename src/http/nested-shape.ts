import { getMetadataStorage, ValidationTypes } from 'class-validator';
import { type FieldError, pointerStep } from '../common/domain-error.js';

/**
 * `@ValidateNested()` takes a list where one object is declared, and a list of lists where a list of objects is:
 * a service would get an array under the type of an object. This finds such places.
 */
export function misplacedLists(dto: object, parent = ''): FieldError[] {
  return nestedFields(dto.constructor).flatMap(({ name, isList }) => {
    const value = (dto as Record<string, unknown>)[name];
    const pointer = parent + pointerStep(name);
    if (!isList) return asObject(value, pointer);
    return Array.isArray(value) ? value.flatMap((item, i) => asObject(item, pointer + pointerStep(i))) : [];
  });
}

function asObject(value: unknown, pointer: string): FieldError[] {
  if (Array.isArray(value)) return [{ pointer, message: `${pointer.slice(1)} must be an object` }];
  return typeof value === 'object' && value !== null ? misplacedLists(value, pointer) : [];
}

interface NestedField {
  name: string;
  isList: boolean;
}

const cache = new WeakMap<object, NestedField[]>();

function nestedFields(dtoClass: object): NestedField[] {
  const known = cache.get(dtoClass);
  if (known) return known;
  const fields = getMetadataStorage()
    .getTargetValidationMetadatas(dtoClass as new () => object, '', true, false)
    .filter(({ type }) => type === ValidationTypes.NESTED_VALIDATION)
    .map(({ propertyName, each }) => ({ name: propertyName, isList: each }));
  cache.set(dtoClass, fields);
  return fields;
}
