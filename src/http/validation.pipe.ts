import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { type ValidationError, validateSync } from 'class-validator';
import { type FieldError, invalidField, invalidFields, pointerStep } from '../common/domain-error.js';
import { misplacedLists } from './nested-shape.js';
import { refuseUnsafe } from './safe-json.js';

/**
 * Turns what was sent into the DTO that the route declares, or answers 400 with every wrong field.
 * Nothing is converted that a DTO doesn't convert by a decorator of its own.
 */
@Injectable()
export class RequestValidationPipe implements PipeTransform {
  /** DTOs of which nothing is required. */
  private readonly optional = new WeakSet<Type>();

  transform(value: unknown, { type, metatype, data }: ArgumentMetadata): unknown {
    if (type === 'custom') return value;
    if (type === 'query' && data === undefined && isDto(metatype) && this.mayBeEmpty(value, metatype))
      return new metatype();
    // The body was searched before it came here.
    if (type !== 'body') refuseUnsafe(data === undefined ? value : { [data]: value });
    return isDto(metatype) ? toDto(value === undefined ? {} : value, metatype) : value;
  }

  /** Most requests have no parameters: whether that is right is found out once for each DTO. */
  private mayBeEmpty(value: unknown, metatype: Type): boolean {
    if (Object.keys(value as object).length > 0) return false;
    if (!this.optional.has(metatype)) toDto({}, metatype);
    this.optional.add(metatype);
    return true;
  }
}

const OPTIONS = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false } as const;
const MAX_ERRORS = 100;

const NATIVE = new Set<unknown>([String, Number, Boolean, Array, Object, Date, Buffer]);

const isDto = (metatype: Type | undefined): metatype is Type => metatype !== undefined && !NATIVE.has(metatype);

function toDto(value: unknown, metatype: Type): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidField('', 'the body must be a JSON object');
  }
  const dto = plainToInstance(metatype as Type<object>, value);
  const failures = validateSync(dto, OPTIONS).flatMap((failure) => fieldErrors(failure));
  const errors = failures.length > 0 ? failures : misplacedLists(dto);
  if (errors.length > 0) throw invalidFields(errors.slice(0, MAX_ERRORS));
  return dto;
}

function fieldErrors(failure: ValidationError, parent = ''): FieldError[] {
  const pointer = parent + pointerStep(failure.property.slice(0, 100));
  const nested = (failure.children ?? []).flatMap((child) => fieldErrors(child, pointer));
  return failure.constraints ? [{ pointer, message: messageOf(failure, failure.constraints) }, ...nested] : nested;
}

function messageOf({ property, value }: ValidationError, constraints: Record<string, string>): string {
  if (constraints.whitelistValidation) return `${property.slice(0, 100)} is not a known field`;
  return value === undefined ? `${property} is required` : Object.values(constraints).join('; ');
}
