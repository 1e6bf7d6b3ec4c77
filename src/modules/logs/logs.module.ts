import { Module } from '@nestjs/common';
import { RollupsModule } from '../stats/rollups.module.js';
import { IngestController } from './ingest.controller.js';
import { IngestService } from './ingest.service.js';
import { LogCursor } from './log-cursor.js';
import { LogExport } from './log-export.service.js';
import { LogGauges } from './log-gauges.js';
import { LogMaintenance } from './log-maintenance.js';
import { LogMetrics } from './log-metrics.js';
import { LogSchema } from './log-schema.service.js';
import { LogSearch } from './log-search.service.js';
import { LogStore } from './log-store.js';
import { LogStreamConsumer } from './log-stream.consumer.js';
import { LogWriter } from './log-writer.js';
import { LogsController } from './logs.controller.js';
import { OwnLogsController } from './own-logs.controller.js';
import { PartitionKeeper } from './partition-keeper.js';
import { QueueAlerts } from './queue-alerts.js';
import { RecordIntake } from './record-intake.js';
import { Retention } from './retention.js';

@Module({
  imports: [RollupsModule],
  controllers: [IngestController, LogsController, OwnLogsController],
  providers: [
    ...[RecordIntake, IngestService, LogStreamConsumer],
    ...[LogWriter, LogStore, LogSchema, LogMetrics, LogGauges, QueueAlerts],
    ...[PartitionKeeper, Retention, LogMaintenance],
    ...[LogSearch, LogCursor, LogExport],
  ],
})
export class LogsModule {}
