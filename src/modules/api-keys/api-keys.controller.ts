import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiAction, ApiBatch, ApiCreate, ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { toBatchInput } from '../../crud/batch.dto.js';
import { batchView, pageView, type BatchView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import { IdPipe } from '../../http/parameters.js';
import {
  ApiKeyView,
  BanApiKeyDto,
  BatchApiKeysDto,
  CreateApiKeyDto,
  ListApiKeysDto,
  toApiKeyView,
  UpdateApiKeyDto,
} from './api-keys.dto.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('api-keys')
@AdminRoute('api-keys')
@Controller('admin/api-keys')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Get()
  @ApiList(ApiKeyView)
  async list(@Query() query: ListApiKeysDto): Promise<Page<ApiKeyView>> {
    return pageView(await this.apiKeys.list(query), toApiKeyView);
  }

  @Get(':id')
  @ApiGet(ApiKeyView)
  async get(@Param('id', IdPipe) id: number): Promise<ApiKeyView> {
    return toApiKeyView(await this.apiKeys.get(id));
  }

  @Post()
  @ApiCreate(ApiKeyView)
  async create(@Body() dto: CreateApiKeyDto): Promise<ApiKeyView> {
    return toApiKeyView(await this.apiKeys.create(dto));
  }

  @Post('batch')
  @ApiBatch(ApiKeyView)
  async batch(@Body() dto: BatchApiKeysDto): Promise<BatchView<ApiKeyView>> {
    return batchView(await this.apiKeys.batch(toBatchInput(dto)), toApiKeyView);
  }

  @Patch(':id')
  @ApiUpdate(ApiKeyView)
  async update(@Param('id', IdPipe) id: number, @Body() dto: UpdateApiKeyDto): Promise<ApiKeyView> {
    return toApiKeyView(await this.apiKeys.update(id, dto));
  }

  @Put(':id')
  @ApiUpdate(ApiKeyView)
  put(@Param('id', IdPipe) id: number, @Body() dto: UpdateApiKeyDto): Promise<ApiKeyView> {
    return this.update(id, dto);
  }

  @Delete(':id')
  @ApiRemove(ApiKeyView)
  remove(@Param('id', IdPipe) id: number): Promise<void> {
    return this.apiKeys.remove(id);
  }

  @Post(':id/ban')
  @ApiOperation({
    summary: 'Ban an API key',
    description: 'Replaces a ban that there is. Refused (409) for a key that an operator has disabled',
  })
  @ApiAction(ApiKeyView)
  async ban(@Param('id', IdPipe) id: number, @Body() dto: BanApiKeyDto): Promise<ApiKeyView> {
    return toApiKeyView(await this.apiKeys.ban(id, dto));
  }

  @Post(':id/unban')
  @ApiOperation({
    summary: 'Lift the ban of an API key',
    description: 'Refused (409) for a key that is not banned, or that has expired',
  })
  @ApiAction(ApiKeyView)
  async unban(@Param('id', IdPipe) id: number): Promise<ApiKeyView> {
    return toApiKeyView(await this.apiKeys.unban(id));
  }
}
