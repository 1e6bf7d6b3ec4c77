import { Global, Module } from '@nestjs/common';
import { CommitSignal } from './commit-signal.js';
import { Outbox } from './outbox.js';
import { WriteMetrics } from './write-metrics.js';

@Global()
@Module({ providers: [Outbox, CommitSignal, WriteMetrics], exports: [Outbox, CommitSignal] })
export class OutboxModule {}
