import { DomainError, invalidField, pointerStep, type FieldError } from '../common/domain-error.js';
import { ConstraintError, translateDatabaseError } from '../database/constraint-errors.js';

/** Runs a set operation on one item: the caller sent the item itself, so its pointers lose the index. */
export const single = <T>(run: () => Promise<T>): Promise<T> =>
  pointing(run, [], (pointer) => pointer.replace(/^\/\d+(?=\/|$)/, ''));

/** Runs a set operation on a list within the body: its pointers gain the name of the list. */
export const itemOf = <T>(list: string, items: readonly unknown[], run: () => Promise<T>): Promise<T> =>
  pointing(run, items, (pointer) => `${list}${pointer}`);

async function pointing<T>(
  run: () => Promise<T>,
  items: readonly unknown[],
  place: (pointer: string) => string,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const domain = translateDatabaseError(error);
    // What the caller has no part in speaks of no item; a deadlock has to stay one, so that the write is tried again.
    if (!domain || domain.kind === 'unavailable') throw error;
    const errors = domain.errors.length > 0 ? domain.errors : constraintPointers(domain, items);
    throw new DomainError(domain.kind, domain.message, {
      code: domain.code,
      errors: errors.map(({ pointer, message }) => ({ pointer: place(pointer), message })),
      retryAfterSeconds: domain.retryAfterSeconds,
    });
  }
}

/** A constraint names columns and values; the item that has them is the one it speaks of. */
function constraintPointers(error: DomainError, items: readonly unknown[]): FieldError[] {
  if (!(error instanceof ConstraintError) || !error.subject) return [];
  const { columns, values } = error.subject;
  const index = items.findLastIndex((item) => columns.every((column, i) => carries(item, column, values[i]!)));
  const step = index < 0 ? (items.length > 0 ? undefined : '/0') : `/${index}`;
  if (step === undefined) return [];
  return columns.map((column) => ({ pointer: `${step}${pointerStep(column)}`, message: error.message }));
}

const carries = (item: unknown, column: string, value: string): boolean => {
  const field = typeof item === 'number' ? item : (item as Record<string, unknown>)[column];
  return Array.isArray(field) ? field.includes(value) : String(field) === value;
};

/** A wrong field of item `index` of the set that an operation works on. */
export const invalidItem = (index: number, field: string, message: string): DomainError =>
  invalidField(`/${index}/${field}`, message);

/** A well-formed field of item `index` that a rule forbids. */
export const unprocessableItem = (index: number, field: string, message: string): DomainError =>
  new DomainError('unprocessable', message, { errors: [{ pointer: `/${index}/${field}`, message }] });
