import { type FieldError, invalidFields, pointerStep } from '../common/domain-error.js';

/**
 * Refuses parsed input that would harm what comes after: too deep for recursion, too long for a batch, text that
 * PostgreSQL can't store, names that reach a prototype. Walks without recursion, for its own sake.
 */
export function refuseUnsafe(root: unknown): void {
  const errors: FieldError[] = [];
  const open: Branch[] = [];
  const visit = (value: unknown, branch: Branch): void => {
    const fault = faultOf(value, branch.depth);
    if (fault) errors.push(describe(branch, fault));
    else if (typeof value === 'object' && value !== null) open.push(branch);
  };
  visit(root, { name: '', value: root, depth: 1 });
  for (let branch = open.pop(); branch && errors.length < MAX_ERRORS; branch = open.pop()) {
    for (const [name, value] of entriesOf(branch.value as object)) {
      const child = { name, value, depth: branch.depth + 1, parent: branch };
      if (typeof name === 'string' && nameFault(name)) errors.push(describe(child, nameFault(name)!));
      else visit(value, child);
    }
  }
  if (errors.length > 0) throw invalidFields(errors.slice(0, MAX_ERRORS));
}

const MAX_DEPTH = 32;
const MAX_ITEMS = 1000;
const MAX_ERRORS = 20;

interface Branch {
  name: string | number;
  value: unknown;
  depth: number;
  parent?: Branch;
}

const entriesOf = (value: object): Iterable<[string | number, unknown]> =>
  Array.isArray(value) ? value.entries() : Object.entries(value);

function faultOf(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return textFault(value);
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'must be a finite number';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_DEPTH) return `must not be nested deeper than ${MAX_DEPTH} levels`;
  return Array.isArray(value) && value.length > MAX_ITEMS ? `must have at most ${MAX_ITEMS} items` : undefined;
}

/** Why this text may not be stored, if so. */
export function textFault(text: string): string | undefined {
  if (CONTROL.test(text)) return 'must not contain control characters';
  return text.isWellFormed() ? undefined : 'must not contain half of a surrogate pair';
}

// Line breaks and tabs stay: descriptions have them, and so do the private keys of service accounts.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/;

/** `__proto__`, `constructor`, `toString` … would reach, or hide, what every object inherits. */
const nameFault = (name: string): string | undefined =>
  name in Object.prototype || name === 'prototype' ? 'is not allowed as a name' : textFault(name);

function describe(branch: Branch, fault: string): FieldError {
  let pointer = '';
  for (let at: Branch | undefined = branch; at?.parent; at = at.parent) pointer = step(at.name) + pointer;
  return { pointer, message: `${branch.parent ? step(branch.name).slice(1) : 'the body'} ${fault}` };
}

const step = (name: string | number): string => pointerStep(typeof name === 'string' ? name.slice(0, 100) : name);
