import { Injectable, type INestApplication } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { Server } from 'node:http';
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

/** New requests get 503 while running ones finish; then everything that was opened is closed, connections first. */
export async function shutDown(app: INestApplication<Server>, drain: Drain, deadlineMs = 10_000): Promise<void> {
  await drain.finish(deadlineMs);
  app.getHttpServer().closeAllConnections();
  await app.close();
}
