import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { MasterRoute } from '../../http/access.js';
import { ApiProblems, pageOf } from '../../http/openapi.js';
import { OwnMasterId } from '../../http/own-master-id.js';
import { IdPipe } from '../../http/parameters.js';
import { PageQueryDto } from '../../crud/list-query.dto.js';
import { MasterUsageView, QuotaPeriodView } from './books.dto.js';
import { UsageBooks } from './books.service.js';

/** What a tenant's own keys have used. */
@ApiTags('self')
@MasterRoute()
@Controller('v1')
export class OwnUsageController {
  constructor(private readonly books: UsageBooks) {}

  @Get('usage')
  @ApiOperation({ summary: 'Say what all of one’s keys have used' })
  @ApiOkResponse({ type: MasterUsageView })
  ofMaster(@OwnMasterId() masterId: number): Promise<MasterUsageView> {
    return this.books.ofMaster(masterId);
  }

  @Get('tokens/:id/usage')
  @ApiOperation({ summary: 'List the quota periods of one’s key' })
  @ApiOkResponse({ type: pageOf(QuotaPeriodView) })
  @ApiProblems(400, 404)
  ofKey(
    @OwnMasterId() masterId: number,
    @Param('id', IdPipe) id: number,
    @Query() query: PageQueryDto,
  ): Promise<Page<QuotaPeriodView>> {
    return this.books.periods(id, query, masterId);
  }
}
