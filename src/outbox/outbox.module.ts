import { Global, Module } from '@nestjs/common';
import { CommitSignal } from './commit-signal.js';
import { Outbox } from './outbox.js';

@Global()
@Module({ providers: [Outbox, CommitSignal], exports: [Outbox, CommitSignal] })
export class OutboxModule {}
