import { UNTIL_CHECK } from '../../log-database/repartition.js';

interface PgFault {
  code?: string;
  constraint?: string;
}

/** Deadlock, serialization, and a partition that another process has taken away or changed: it works when tried again. */
export function isConflict(error: unknown): boolean {
  const { code, constraint } = error as PgFault;
  if (code === '23514') return constraint === undefined || constraint === UNTIL_CHECK;
  return code === '40001' || code === '40P01';
}

/** It is the fault of the data and would come again for ever: everything else is an outage, and may take as long as it likes. */
export function isPoison(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  return !isConflict(error) && /^(22|23|54)/.test((error as PgFault).code ?? '');
}
