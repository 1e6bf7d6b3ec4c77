import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { DataSource } from 'typeorm';
import { DomainError, invalidField } from '../common/domain-error.js';
import {
  currentActor,
  requestContext,
  type HeldTransaction,
  type IdempotentRequest,
  type SqlRunner,
} from '../common/request-context.js';
import { OWN_IDEMPOTENCY } from './idempotency.js';
import { IdempotencyStore, type Entry, type StoredAnswer } from './idempotency.store.js';

/**
 * `Idempotency-Key` on POST: the answer is stored in the transaction of its effect, so a retry gets the very answer (secrets
 * included, which is why it is stored encrypted) and the effect happens once, whatever crashes in between.
 * Kept for 24 hours per caller. Design: the IETF draft "The Idempotency-Key HTTP Header Field".
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly store: IdempotencyStore,
    private readonly database: DataSource,
    private readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    const key = request.headers['idempotency-key'];
    const caller = requestContext()?.actor;
    const isUnused = key === undefined || request.method !== 'POST' || !caller;
    if (isUnused || this.reflector.get(OWN_IDEMPOTENCY, context.getClass())) return next.handle();
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw invalidField('/Idempotency-Key', 'must be 1 to 255 visible ASCII characters');
    }
    const asked = { principal: principal(), key, fingerprint: fingerprintOf(request) };
    const response = context.switchToHttp().getResponse<Response>();
    return from(this.run(new Attempt(this.store, this.database, asked), response, next));
  }

  private async run(attempt: Attempt, response: Response, next: CallHandler): Promise<unknown> {
    const context = requestContext()!;
    const before = await attempt.answered();
    if (before) return replay(before, response);
    context.idempotency = attempt;
    try {
      const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await attempt.answer(body, response.statusCode);
      return body;
    } catch (error) {
      await attempt.held?.rollback();
      const answer = error instanceof AnsweredMeanwhile && (await attempt.answered());
      if (answer) return replay(answer, response);
      throw error;
    } finally {
      context.idempotency = undefined;
    }
  }
}

type Asked = Pick<Entry, 'principal' | 'key' | 'fingerprint'>;

/** Thrown inside the transaction, caught by the interceptor: the same key was answered while this request came in. */
class AnsweredMeanwhile extends Error {}

class Attempt implements IdempotentRequest {
  held?: HeldTransaction;

  constructor(
    private readonly store: IdempotencyStore,
    private readonly database: SqlRunner,
    private readonly asked: Asked,
  ) {}

  async answered(database = this.database): Promise<StoredAnswer | undefined> {
    const { principal, key, fingerprint } = this.asked;
    const stored = await this.store.find(database, principal, key);
    if (stored && stored.fingerprint !== fingerprint) {
      throw new DomainError('unprocessable', 'This Idempotency-Key was used for another request', {
        code: 'idempotency_key_reused',
      });
    }
    return stored?.answer;
  }

  async claim(transaction: SqlRunner): Promise<void> {
    if (!(await this.store.lock(transaction, this.asked.principal, this.asked.key))) {
      throw new DomainError('conflict', 'A request with this Idempotency-Key is in flight', {
        code: 'idempotency_key_in_flight',
        retryAfterSeconds: 1,
      });
    }
    if (await this.answered(transaction)) throw new AnsweredMeanwhile('answered meanwhile');
  }

  hold(transaction: HeldTransaction): void {
    this.held = transaction;
  }

  async answer(body: unknown, status: number): Promise<void> {
    const answer = { status, body, receipt: this.held?.receipt };
    await this.store.save(this.held ?? this.database, { ...this.asked, answer });
    await this.held?.commit();
    this.held = undefined;
  }
}

function replay({ status, body, receipt }: StoredAnswer, response: Response): unknown {
  const context = requestContext();
  if (context && receipt) context.receipt = receipt;
  if (status !== undefined) response.status(status);
  response.setHeader('Idempotency-Replayed', 'true');
  return body;
}

const principal = (): string => `${currentActor().type}:${currentActor().id}`;

function fingerprintOf({ method, originalUrl, body }: Request): string {
  return createHash('sha256')
    .update(`${method} ${originalUrl}\n${JSON.stringify(body) ?? ''}`)
    .digest('hex');
}
