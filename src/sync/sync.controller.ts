import { Body, Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import type { Page } from '../common/page.js';
import { AdminRoute } from '../http/access.js';
import { ApiProblems } from '../http/openapi.js';
import { ConfirmHoldDto, HoldView } from './hold.dto.js';
import { ReconcileDto, ReconcileView } from './reconcile.dto.js';
import {
  ListSyncResourcesDto,
  RequestSnapshotDto,
  SnapshotRequestView,
  SyncResourcePage,
  SyncStatusView,
  type SyncResourceView,
} from './sync.dto.js';
import { SyncService } from './sync.service.js';

@ApiTags('sync')
@AdminRoute('sync')
@Controller()
export class SyncController {
  constructor(private readonly sync: SyncService) {}

  @Get('admin/sync/status')
  @ApiOperation({ summary: 'Say whether Redis holds everything, and if not, why' })
  @ApiOkResponse({ type: SyncStatusView })
  status(): Promise<SyncStatusView> {
    return this.sync.status();
  }

  @Get('admin/sync/resources')
  @ApiOperation({ summary: 'List resources that are pending or quarantined' })
  @ApiOkResponse({ type: SyncResourcePage })
  @ApiProblems(400)
  resources(@Query() query: ListSyncResourcesDto): Promise<Page<SyncResourceView>> {
    return this.sync.resources(query);
  }

  @Post('admin/sync/snapshot')
  @HttpCode(202)
  @ApiOperation({ summary: 'Write all of the configuration to Redis anew' })
  @ApiAcceptedResponse({ type: SnapshotRequestView })
  @ApiProblems(400)
  snapshot(@Query() query: RequestSnapshotDto): Promise<SnapshotRequestView> {
    return this.sync.requestSnapshot(query);
  }

  /** Name of the first release. */
  @Post('sync/snapshot')
  @HttpCode(202)
  @ApiOperation({ summary: 'Write all of the configuration to Redis anew' })
  @ApiAcceptedResponse({ type: SnapshotRequestView })
  @ApiProblems(400)
  early(@Query() query: RequestSnapshotDto): Promise<SnapshotRequestView> {
    return this.sync.requestSnapshot(query);
  }

  @Post('admin/sync/confirm')
  @HttpCode(202)
  @ApiOperation({ summary: 'Let pass what waits because it would take away too much: exactly that, and no more' })
  @ApiAcceptedResponse({ type: HoldView })
  @ApiProblems(400, 404)
  confirm(@Body() { id }: ConfirmHoldDto): Promise<HoldView> {
    return this.sync.confirm(id);
  }

  @Post('admin/sync/reconcile')
  @ApiOperation({ summary: 'Compare all of Redis with PostgreSQL, and repair what differs' })
  @ApiOkResponse({ type: ReconcileView, description: 'All is compared, and what differed is repaired' })
  @ApiAcceptedResponse({ type: ReconcileView, description: 'Not finished at the time limit; it goes on' })
  @ApiProblems(400)
  async reconcile(
    @Query() query: ReconcileDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ReconcileView> {
    const view = await this.sync.reconcile(query);
    response.status(view.state === 'finished' ? 200 : 202);
    return view;
  }
}
