import { AsyncLocalStorage } from 'node:async_hooks';

/** Who acts: an operator, a tenant, a balancer, or the control plane itself. */
export interface Actor {
  type: 'admin' | 'admin_token' | 'master' | 'internal' | 'system';
  id: string;
  name: string;
}

/** What a write answered: the version it was committed as, within a generation. Versions are decimal strings. */
export interface Receipt {
  gen: string;
  version: string;
}

/** The part of a database connection that common code may know. */
export interface SqlRunner {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** A transaction that is sealed but not committed: its answer is to be stored in it first. */
export interface HeldTransaction extends SqlRunner {
  /** Absent where the transaction changed no configuration. */
  readonly receipt: Receipt | undefined;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** How the write side and the idempotency interceptor meet, without knowing each other. */
export interface IdempotentRequest {
  /** First thing in the transaction: throws when the key is in flight elsewhere or was answered meanwhile. */
  claim(transaction: SqlRunner): Promise<void>;
  /** Hands over the sealed transaction; whoever holds it commits or rolls back. */
  hold(transaction: HeldTransaction): void;
  /** Commits what is held with this answer, which a retry gets until the request has ended with its last one. */
  answer(body: unknown, status: number): Promise<void>;
}

/**
 * Carries one request from the edge to the transaction without passing it through every signature.
 * Outside a request (jobs, start-up) there is none, and writes are attributed to the system.
 */
export interface RequestContext {
  request_id: string;
  ip: string;
  actor?: Actor;
  /** Scopes of a scoped admin token; undefined means everything. */
  scopes?: readonly string[];
  /** Version demanded by `If-Match`; the row must still have it when it is locked. */
  ifMatch?: string;
  receipt?: Receipt;
  /** Present while a request with an `Idempotency-Key` runs. */
  idempotency?: IdempotentRequest;
}

const storage = new AsyncLocalStorage<RequestContext>();

export const requestContext = (): RequestContext | undefined => storage.getStore();

export const runInRequestContext = <T>(context: RequestContext, run: () => T): T => storage.run(context, run);

const SYSTEM: Actor = { type: 'system', id: 'system', name: 'system' };

export const currentActor = (): Actor => requestContext()?.actor ?? SYSTEM;
