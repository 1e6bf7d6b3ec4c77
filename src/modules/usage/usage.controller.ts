import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { AdminRoute } from '../../http/access.js';
import { ApiProblems, pageOf } from '../../http/openapi.js';
import { IdPipe } from '../../http/parameters.js';
import { PageQueryDto } from '../../crud/list-query.dto.js';
import {
  ApiKeyUsageView,
  LedgerLinesView,
  ListLedgerDto,
  MasterUsageView,
  QuotaPeriodView,
  ReconcileUsageDto,
  UsageReconciliationView,
} from './books.dto.js';
import { UsageBooks } from './books.service.js';
import { UsageReconciliation } from './reconciliation.service.js';

@ApiTags('usage')
@AdminRoute('usage')
@Controller('admin')
export class UsageController {
  constructor(
    private readonly books: UsageBooks,
    private readonly reconciliation: UsageReconciliation,
  ) {}

  @Get('usage')
  @ApiOperation({ summary: 'List what was settled: lines of the ledger' })
  @ApiOkResponse({ type: LedgerLinesView })
  @ApiProblems(400)
  ledger(@Query() query: ListLedgerDto): Promise<LedgerLinesView> {
    return this.books.ledger(query);
  }

  @Post('usage/reconcile')
  @HttpCode(200)
  @ApiOperation({ summary: 'Compare counters with the ledger, and repair them if asked to' })
  @ApiOkResponse({ type: UsageReconciliationView })
  @ApiProblems(400, 413, 415)
  reconcile(@Body() dto: ReconcileUsageDto): Promise<UsageReconciliationView> {
    return this.reconciliation.reconcile(dto);
  }

  @Get('keys/:id/usage')
  @ApiOperation({ summary: 'List the quota periods of a key' })
  @ApiOkResponse({ type: pageOf(QuotaPeriodView) })
  @ApiProblems(400, 404)
  ofKey(@Param('id', IdPipe) id: number, @Query() query: PageQueryDto): Promise<Page<QuotaPeriodView>> {
    return this.books.periods(id, query);
  }

  @Get('masters/:id/usage')
  @ApiOperation({ summary: 'Say what the keys of a master have used' })
  @ApiOkResponse({ type: MasterUsageView })
  @ApiProblems(400, 404)
  ofMaster(@Param('id', IdPipe) id: number): Promise<MasterUsageView> {
    return this.books.ofMaster(id);
  }

  @Get('api-keys/:id/usage')
  @ApiOperation({ summary: 'Say what an API key was asked' })
  @ApiOkResponse({ type: ApiKeyUsageView })
  @ApiProblems(400, 404)
  ofApiKey(@Param('id', IdPipe) id: number): Promise<ApiKeyUsageView> {
    return this.books.ofApiKey(id);
  }
}
