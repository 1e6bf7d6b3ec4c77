import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiAction, ApiBatch, ApiCreate, ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { toBatchInput } from '../../crud/batch.dto.js';
import { batchView, pageView, type BatchView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import { IdPipe } from '../../http/parameters.js';
import { ShowsSecret } from '../../http/shows-secret.js';
import {
  BatchMastersDto,
  CreateMasterDto,
  IssuedMasterView,
  ListMastersDto,
  ManageMasterDto,
  MasterView,
  toIssuedMasterView,
  toMasterView,
  UpdateMasterDto,
} from './masters.dto.js';
import { MastersService } from './masters.service.js';

@ApiTags('masters')
@AdminRoute('masters')
@Controller('admin/masters')
export class MastersController {
  constructor(private readonly masters: MastersService) {}

  @Get()
  @ApiList(MasterView)
  async list(@Query() query: ListMastersDto): Promise<Page<MasterView>> {
    return pageView(await this.masters.list(query), toMasterView);
  }

  @Get(':id')
  @ApiGet(MasterView)
  async get(@Param('id', IdPipe) id: number): Promise<MasterView> {
    return toMasterView(await this.masters.get(id));
  }

  @Post()
  @ShowsSecret()
  @ApiCreate(IssuedMasterView)
  async create(@Body() dto: CreateMasterDto): Promise<IssuedMasterView> {
    return toIssuedMasterView(await this.masters.create(dto));
  }

  @Post('batch')
  @ShowsSecret()
  @ApiBatch(IssuedMasterView)
  async batch(@Body() dto: BatchMastersDto): Promise<BatchView<IssuedMasterView>> {
    return batchView(await this.masters.batch(toBatchInput(dto)), toIssuedMasterView);
  }

  @Post(':id/manage')
  @ApiOperation({ summary: 'Suspend, activate or rotate a master, or raise its epoch' })
  @ShowsSecret()
  @ApiAction(IssuedMasterView)
  async manage(@Param('id', IdPipe) id: number, @Body() { action }: ManageMasterDto): Promise<IssuedMasterView> {
    return toIssuedMasterView(await this.masters.manage(id, action));
  }

  @Patch(':id')
  @ApiUpdate(MasterView)
  async update(@Param('id', IdPipe) id: number, @Body() dto: UpdateMasterDto): Promise<MasterView> {
    return toMasterView(await this.masters.update(id, dto));
  }

  @Put(':id')
  @ApiUpdate(MasterView)
  put(@Param('id', IdPipe) id: number, @Body() dto: UpdateMasterDto): Promise<MasterView> {
    return this.update(id, dto);
  }

  @Delete(':id')
  @ApiRemove(MasterView)
  remove(@Param('id', IdPipe) id: number): Promise<void> {
    return this.masters.remove(id);
  }
}
