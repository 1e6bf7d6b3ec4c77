import { Injectable, type INestApplication } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../common/domain-error.js';

/** Knows which requests are running, and lets no new ones begin once the process is to stop. */
@Injectable()
export class Drain {
  private running = 0;
  private readonly begun = new AbortController();
  private onIdle: () => void = () => undefined;

  /** Aborted when the process is to stop: an answer that would go on for ever ends then. */
  get signal(): AbortSignal {
    return this.begun.signal;
  }

  /** Express middleware. */
  readonly admit = (_req: Request, res: Response, next: NextFunction): void => {
    if (this.signal.aborted) {
      res.setHeader('Connection', 'close');
      throw new DomainError('unavailable', 'This server is stopping', { code: 'draining', retryAfterSeconds: 1 });
    }
    this.running += 1;
    res.once('close', () => {
      this.running -= 1;
      if (this.running === 0) this.onIdle();
    });
    next();
  };

  /** Resolves when the last running request has been answered, or after the time given. */
  async finish(deadlineMs: number): Promise<void> {
    this.begun.abort();
    if (this.running === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Who stops a process kills it after 10 s, often without being asked. */
const DEADLINE_MS = 9_500;
/** The rest is for what is in memory. */
const SHARE_OF_REQUESTS = 0.3;

/**
 * New requests get 503 while running ones finish; then everything that was opened is closed, connections first.
 * Rejects at the deadline: what hangs then is left to the end of the process.
 */
export async function shutDown(app: INestApplication<Server>, drain: Drain, deadlineMs = DEADLINE_MS): Promise<void> {
  const late = sleep(deadlineMs, true, { ref: false });
  await drain.finish(deadlineMs * SHARE_OF_REQUESTS);
  app.getHttpServer().closeAllConnections();
  const isLate = await Promise.race([app.close(), late]);
  if (isLate) throw new Error(`not everything was closed within ${deadlineMs} ms`);
}
