import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiBatch, ApiCreate, ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { toBatchInput } from '../../crud/batch.dto.js';
import { IdPipe } from '../../http/parameters.js';
import { batchView, pageView, type BatchView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import { BatchModelsDto, CreateModelDto, ListModelsDto, ModelView, toModelView, UpdateModelDto } from './models.dto.js';
import { ModelsService } from './models.service.js';

@ApiTags('models')
@AdminRoute('models')
@Controller('admin/models')
export class ModelsController {
  constructor(private readonly models: ModelsService) {}

  @Get()
  @ApiList(ModelView)
  async list(@Query() query: ListModelsDto): Promise<Page<ModelView>> {
    return pageView(await this.models.list(query), toModelView);
  }

  @Get(':id')
  @ApiGet(ModelView)
  async get(@Param('id', IdPipe) id: number): Promise<ModelView> {
    return toModelView(await this.models.get(id));
  }

  @Post()
  @ApiCreate(ModelView)
  async create(@Body() dto: CreateModelDto): Promise<ModelView> {
    return toModelView(await this.models.create(dto));
  }

  @Post('batch')
  @ApiBatch(ModelView)
  async batch(@Body() dto: BatchModelsDto): Promise<BatchView<ModelView>> {
    return batchView(await this.models.batch(toBatchInput(dto)), toModelView);
  }

  @Patch(':id')
  @ApiUpdate(ModelView)
  async update(@Param('id', IdPipe) id: number, @Body() dto: UpdateModelDto): Promise<ModelView> {
    return toModelView(await this.models.update(id, dto));
  }

  @Put(':id')
  @ApiUpdate(ModelView)
  put(@Param('id', IdPipe) id: number, @Body() dto: UpdateModelDto): Promise<ModelView> {
    return this.update(id, dto);
  }

  @Delete(':id')
  @ApiRemove(ModelView)
  remove(@Param('id', IdPipe) id: number): Promise<void> {
    return this.models.remove(id);
  }
}
