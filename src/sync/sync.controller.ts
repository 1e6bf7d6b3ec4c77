import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Page } from '../common/page.js';
import { AdminRoute } from '../http/access.js';
import { ApiProblems } from '../http/openapi.js';
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
}
