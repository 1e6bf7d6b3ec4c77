import { applyDecorators, Injectable, type PipeTransform, type ArgumentMetadata } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsBoolean, IsInt, Max, Min } from 'class-validator';
import { invalidField } from '../common/domain-error.js';

/** A path parameter that is the id of a resource: digits and nothing else. */
@Injectable()
export class IdPipe implements PipeTransform<string, number> {
  transform(text: string, { data = 'id' }: ArgumentMetadata): number {
    const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(id)) throw invalidField(`/${data}`, `${data} must be a positive integer`);
    return id;
  }
}

/** A whole number in the query, as strict digits: `1e3`, `0x10`, ` 7` and `7.0` are refused, and so is a repetition. */
export const QueryInt = (min: number, max: number): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (isDigits(value) ? Number(value) : value)),
    IsInt(),
    Min(min),
    Max(max),
  );

/** `true` or `false` in the query. */
export const QueryFlag = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value)),
    IsBoolean(),
  );

const isDigits = (value: unknown): boolean => typeof value === 'string' && /^\d{1,16}$/.test(value);
