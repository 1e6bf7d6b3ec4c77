import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiBatch, ApiCreate, ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { toBatchInput } from '../../crud/batch.dto.js';
import { IdPipe } from '../../http/parameters.js';
import { batchView, pageView, type BatchView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import {
  BatchFeaturesDto,
  CreateFeatureDto,
  ListFeaturesDto,
  FeatureView,
  toFeatureView,
  UpdateFeatureDto,
} from './features.dto.js';
import { FeaturesService } from './features.service.js';

@ApiTags('features')
@AdminRoute('features')
@Controller('admin/features')
export class FeaturesController {
  constructor(private readonly features: FeaturesService) {}

  @Get()
  @ApiList(FeatureView)
  async list(@Query() query: ListFeaturesDto): Promise<Page<FeatureView>> {
    return pageView(await this.features.list(query), toFeatureView);
  }

  @Get(':id')
  @ApiGet(FeatureView)
  async get(@Param('id', IdPipe) id: number): Promise<FeatureView> {
    return toFeatureView(await this.features.get(id));
  }

  @Post()
  @ApiCreate(FeatureView)
  async create(@Body() dto: CreateFeatureDto): Promise<FeatureView> {
    return toFeatureView(await this.features.create(dto));
  }

  @Post('batch')
  @ApiBatch(FeatureView)
  async batch(@Body() dto: BatchFeaturesDto): Promise<BatchView<FeatureView>> {
    return batchView(await this.features.batch(toBatchInput(dto)), toFeatureView);
  }

  @Patch(':id')
  @ApiUpdate(FeatureView)
  async update(@Param('id', IdPipe) id: number, @Body() dto: UpdateFeatureDto): Promise<FeatureView> {
    return toFeatureView(await this.features.update(id, dto));
  }

  @Put(':id')
  @ApiUpdate(FeatureView)
  put(@Param('id', IdPipe) id: number, @Body() dto: UpdateFeatureDto): Promise<FeatureView> {
    return this.update(id, dto);
  }

  @Delete(':id')
  @ApiRemove(FeatureView)
  remove(@Param('id', IdPipe) id: number): Promise<void> {
    return this.features.remove(id);
  }
}
