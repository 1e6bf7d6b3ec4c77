import { DomainError } from '../common/domain-error.js';
import { requestContext } from '../common/request-context.js';
import type { ResourceRow } from '../database/resource-row.js';

/** Called with locked rows, so that nobody changes them between this look and the write. */
export function assertVersion(rows: ResourceRow[]): void {
  const wanted = requestContext()?.ifMatch;
  if (wanted === undefined || rows.every(({ version }) => version === wanted)) return;
  throw new DomainError('precondition_failed', 'The resource has changed since the version in If-Match');
}
