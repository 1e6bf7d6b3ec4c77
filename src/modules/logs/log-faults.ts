import { UNTIL_CHECK } from '../../log-database/repartition.js';

interface PgFault {
  code?: string;
  constraint?: string;
}

/** Another transaction has what this one needs, a batch id for example, and keeps it long. */
export const isBlocked = (error: unknown): boolean => (error as PgFault).code === '55P03';

/** Deadlock, serialization, and a partition that another process has taken away or changed: it works when tried again. */
export function isConflict(error: unknown): boolean {
  const { code, constraint } = error as PgFault;
  if (code === '23514') return constraint === UNTIL_CHECK || isUnplaced(error);
  return code === '40001' || code === '40P01' || isBlocked(error);
}

/** No partition takes the record: when one that was made does not help, the partition of that time is about to leave. */
function isUnplaced(error: unknown): boolean {
  const { code, constraint } = error as PgFault;
  return code === '23514' && constraint === undefined;
}

/** It comes again for ever, however often it was tried: everything else is an outage, and may take as long as it likes. */
export function isPoison(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError || isUnplaced(error)) return true;
  return !isConflict(error) && /^(22|23|54)/.test((error as PgFault).code ?? '');
}
