import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiBatch, ApiCreate, ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { toBatchInput } from '../../crud/batch.dto.js';
import { IdPipe } from '../../http/parameters.js';
import { batchView, pageView, type BatchView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import {
  BatchNamespacesDto,
  CreateNamespaceDto,
  ListNamespacesDto,
  NamespaceView,
  toNamespaceView,
  UpdateNamespaceDto,
} from './namespaces.dto.js';
import { NamespacesService } from './namespaces.service.js';

@ApiTags('namespaces')
@AdminRoute('namespaces')
@Controller('admin/namespaces')
export class NamespacesController {
  constructor(private readonly namespaces: NamespacesService) {}

  @Get()
  @ApiList(NamespaceView)
  async list(@Query() query: ListNamespacesDto): Promise<Page<NamespaceView>> {
    return pageView(await this.namespaces.list(query), toNamespaceView);
  }

  @Get(':id')
  @ApiGet(NamespaceView)
  async get(@Param('id', IdPipe) id: number): Promise<NamespaceView> {
    return toNamespaceView(await this.namespaces.get(id));
  }

  @Post()
  @ApiCreate(NamespaceView)
  async create(@Body() dto: CreateNamespaceDto): Promise<NamespaceView> {
    return toNamespaceView(await this.namespaces.create(dto));
  }

  @Post('batch')
  @ApiBatch(NamespaceView)
  async batch(@Body() dto: BatchNamespacesDto): Promise<BatchView<NamespaceView>> {
    return batchView(await this.namespaces.batch(toBatchInput(dto)), toNamespaceView);
  }

  @Patch(':id')
  @ApiUpdate(NamespaceView)
  async update(@Param('id', IdPipe) id: number, @Body() dto: UpdateNamespaceDto): Promise<NamespaceView> {
    return toNamespaceView(await this.namespaces.update(id, dto));
  }

  @Put(':id')
  @ApiUpdate(NamespaceView)
  put(@Param('id', IdPipe) id: number, @Body() dto: UpdateNamespaceDto): Promise<NamespaceView> {
    return this.update(id, dto);
  }

  @Delete(':id')
  @ApiRemove(NamespaceView)
  remove(@Param('id', IdPipe) id: number): Promise<void> {
    return this.namespaces.remove(id);
  }
}
