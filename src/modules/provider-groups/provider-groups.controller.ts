import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiBatch, ApiCreate, ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { toBatchInput } from '../../crud/batch.dto.js';
import { batchView, pageView, type BatchView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import { IdPipe } from '../../http/parameters.js';
import { CascadePipe } from './cascade.pipe.js';
import {
  BatchProviderGroupsDto,
  CreateProviderGroupDto,
  ListProviderGroupsDto,
  ProviderGroupView,
  toProviderGroupView,
  UpdateProviderGroupDto,
} from './provider-groups.dto.js';
import { ProviderGroupsService } from './provider-groups.service.js';

@ApiTags('provider-groups')
@AdminRoute('provider-groups')
@Controller('admin/provider-groups')
export class ProviderGroupsController {
  constructor(private readonly groups: ProviderGroupsService) {}

  @Get()
  @ApiList(ProviderGroupView)
  async list(@Query() query: ListProviderGroupsDto): Promise<Page<ProviderGroupView>> {
    return pageView(await this.groups.list(query), toProviderGroupView);
  }

  @Get(':id')
  @ApiGet(ProviderGroupView)
  async get(@Param('id', IdPipe) id: number): Promise<ProviderGroupView> {
    return toProviderGroupView(await this.groups.get(id));
  }

  @Post()
  @ApiCreate(ProviderGroupView)
  async create(@Body() dto: CreateProviderGroupDto): Promise<ProviderGroupView> {
    return toProviderGroupView(await this.groups.create(dto));
  }

  @Post('batch')
  @ApiBatch(ProviderGroupView)
  async batch(@Body() dto: BatchProviderGroupsDto): Promise<BatchView<ProviderGroupView>> {
    return batchView(await this.groups.batch(toBatchInput(dto)), toProviderGroupView);
  }

  @Patch(':id')
  @ApiUpdate(ProviderGroupView)
  async update(@Param('id', IdPipe) id: number, @Body() dto: UpdateProviderGroupDto): Promise<ProviderGroupView> {
    return toProviderGroupView(await this.groups.update(id, dto));
  }

  @Put(':id')
  @ApiUpdate(ProviderGroupView)
  put(@Param('id', IdPipe) id: number, @Body() dto: UpdateProviderGroupDto): Promise<ProviderGroupView> {
    return this.update(id, dto);
  }

  @Delete(':id')
  @ApiOperation({
    summary: 'Delete a provider group',
    description: 'A group that API keys or bindings refer to is refused (409) unless they are to go with it',
  })
  @ApiQuery({
    name: 'cascade',
    required: false,
    type: Boolean,
    description: 'Delete its API keys and bindings too, which takes their scopes',
  })
  @ApiRemove(ProviderGroupView)
  remove(@Param('id', IdPipe) id: number, @Query('cascade', CascadePipe) cascade: boolean): Promise<void> {
    return this.groups.remove(id, cascade);
  }
}
