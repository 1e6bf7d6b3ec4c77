import { Module } from '@nestjs/common';
import { BookKeeping } from './book-keeping.js';
import { UsageBooks } from './books.service.js';
import { FlushController } from './flush.controller.js';
import { OwnUsageController } from './own-usage.controller.js';
import { QuotaAlerts } from './quota-alerts.js';
import { QuotaResets } from './quota-resets.js';
import { UsageReconciliation } from './reconciliation.service.js';
import { UsageMetrics } from './usage-metrics.js';
import { UsageStream } from './usage-stream.js';
import { UsageController } from './usage.controller.js';
import { UsageService } from './usage.service.js';

@Module({
  controllers: [FlushController, UsageController, OwnUsageController],
  providers: [
    UsageService,
    QuotaAlerts,
    UsageStream,
    UsageMetrics,
    UsageBooks,
    UsageReconciliation,
    QuotaResets,
    BookKeeping,
  ],
})
export class UsageModule {}
