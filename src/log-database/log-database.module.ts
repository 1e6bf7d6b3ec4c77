import { Global, Module } from '@nestjs/common';
import { LogDatabase } from './log-database.js';

@Global()
@Module({ providers: [LogDatabase], exports: [LogDatabase] })
export class LogDatabaseModule {}
