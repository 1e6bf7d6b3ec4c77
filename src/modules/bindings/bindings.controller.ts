import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiBatch, ApiCreate, ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { toBatchInput } from '../../crud/batch.dto.js';
import { batchView, pageView, type BatchView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import { ApiProblems } from '../../http/openapi.js';
import { IdPipe } from '../../http/parameters.js';
import { BindingLint } from './binding-lint.js';
import {
  BatchBindingsDto,
  BindingView,
  CreateBindingDto,
  LintBindingsDto,
  ListBindingsDto,
  ModelNameFindingView,
  toBindingView,
  UpdateBindingDto,
} from './bindings.dto.js';
import { BindingsService } from './bindings.service.js';

@ApiTags('bindings')
@AdminRoute('bindings')
@Controller('admin/bindings')
export class BindingsController {
  constructor(
    private readonly bindings: BindingsService,
    private readonly linter: BindingLint,
  ) {}

  @Get()
  @ApiList(BindingView)
  async list(@Query() query: ListBindingsDto): Promise<Page<BindingView>> {
    return pageView(await this.bindings.list(query), toBindingView);
  }

  @Get(':id')
  @ApiGet(BindingView)
  async get(@Param('id', IdPipe) id: number): Promise<BindingView> {
    return toBindingView(await this.bindings.get(id));
  }

  @Post()
  @ApiCreate(BindingView)
  async create(@Body() dto: CreateBindingDto): Promise<BindingView> {
    return toBindingView(await this.bindings.create(dto));
  }

  @Post('batch')
  @ApiBatch(BindingView)
  async batch(@Body() dto: BatchBindingsDto): Promise<BatchView<BindingView>> {
    return batchView(await this.bindings.batch(toBatchInput(dto)), toBindingView);
  }

  @Post('lint')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Find public models that no client reaches by their natural name',
    description: 'Without a body among all of them. A name may be asked for before it is bound',
  })
  @ApiBody({ type: LintBindingsDto, required: false })
  @ApiOkResponse({ type: [ModelNameFindingView] })
  @ApiProblems(400, 413, 415)
  lint(@Body() dto: LintBindingsDto): Promise<ModelNameFindingView[]> {
    return this.linter.lint(dto);
  }

  @Patch(':id')
  @ApiUpdate(BindingView)
  async update(@Param('id', IdPipe) id: number, @Body() dto: UpdateBindingDto): Promise<BindingView> {
    return toBindingView(await this.bindings.update(id, dto));
  }

  @Put(':id')
  @ApiUpdate(BindingView)
  put(@Param('id', IdPipe) id: number, @Body() dto: UpdateBindingDto): Promise<BindingView> {
    return this.update(id, dto);
  }

  @Delete(':id')
  @ApiRemove(BindingView)
  remove(@Param('id', IdPipe) id: number): Promise<void> {
    return this.bindings.remove(id);
  }
}
