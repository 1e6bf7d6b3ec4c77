import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiCreate, ApiList } from '../../crud/api.js';
import { pageView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import { CreateModelDto, ListModelsDto, ModelView, toModelView } from './models.dto.js';
import { ModelsService } from './models.service.js';

/** Names of the first release, kept for its clients. */
@ApiTags('early names')
@AdminRoute('models')
@Controller('models')
export class ModelAliasesController {
  constructor(private readonly models: ModelsService) {}

  @Get()
  @ApiList(ModelView)
  async list(@Query() query: ListModelsDto): Promise<Page<ModelView>> {
    return pageView(await this.models.list(query), toModelView);
  }

  @Post()
  @ApiCreate(ModelView)
  async create(@Body() dto: CreateModelDto): Promise<ModelView> {
    return toModelView(await this.models.create(dto));
  }
}
