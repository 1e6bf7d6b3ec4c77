import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiBatch, ApiCreate, ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { toBatchInput } from '../../crud/batch.dto.js';
import { batchView, pageView, type BatchView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import { IdPipe } from '../../http/parameters.js';
import { ShowsSecret } from '../../http/shows-secret.js';
import {
  AdminTokenView,
  BatchAdminTokensDto,
  CreateAdminTokenDto,
  IssuedAdminTokenView,
  ListAdminTokensDto,
  toAdminTokenView,
  toIssuedAdminTokenView,
  UpdateAdminTokenDto,
} from './admin-tokens.dto.js';
import { AdminTokensService } from './admin-tokens.service.js';

@ApiTags('tokens')
@AdminRoute('tokens')
@Controller('admin/tokens')
export class AdminTokensController {
  constructor(private readonly tokens: AdminTokensService) {}

  @Get()
  @ApiList(AdminTokenView)
  async list(@Query() query: ListAdminTokensDto): Promise<Page<AdminTokenView>> {
    return pageView(await this.tokens.list(query), toAdminTokenView);
  }

  @Get(':id')
  @ApiGet(AdminTokenView)
  async get(@Param('id', IdPipe) id: number): Promise<AdminTokenView> {
    return toAdminTokenView(await this.tokens.get(id));
  }

  @Post()
  @ShowsSecret()
  @ApiCreate(IssuedAdminTokenView)
  async create(@Body() dto: CreateAdminTokenDto): Promise<IssuedAdminTokenView> {
    return toIssuedAdminTokenView(await this.tokens.create(dto));
  }

  @Post('batch')
  @ShowsSecret()
  @ApiBatch(IssuedAdminTokenView)
  async batch(@Body() dto: BatchAdminTokensDto): Promise<BatchView<IssuedAdminTokenView>> {
    return batchView(await this.tokens.batch(toBatchInput(dto)), toIssuedAdminTokenView);
  }

  @Patch(':id')
  @ApiUpdate(AdminTokenView)
  async update(@Param('id', IdPipe) id: number, @Body() dto: UpdateAdminTokenDto): Promise<AdminTokenView> {
    return toAdminTokenView(await this.tokens.update(id, dto));
  }

  @Put(':id')
  @ApiUpdate(AdminTokenView)
  put(@Param('id', IdPipe) id: number, @Body() dto: UpdateAdminTokenDto): Promise<AdminTokenView> {
    return this.update(id, dto);
  }

  @Delete(':id')
  @ApiRemove(AdminTokenView)
  remove(@Param('id', IdPipe) id: number): Promise<void> {
    return this.tokens.remove(id);
  }
}
