import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiAction, ApiBatch, ApiCreate, ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { toBatchInput } from '../../crud/batch.dto.js';
import { batchView, pageView, type BatchView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import { ApiProblems } from '../../http/openapi.js';
import { IdPipe } from '../../http/parameters.js';
import { ShowsSecret } from '../../http/shows-secret.js';
import { IssuedKeyView, KeyView, toIssuedKeyView, toKeyView } from './key.view.js';
import { BatchKeysDto, CreateKeyDto, ListMasterKeysDto, UpdateKeyDto } from './keys.dto.js';
import { KeysService } from './keys.service.js';
import { RotateKeyDto } from './tokens.dto.js';

/** Keys of one master, for operators. */
@ApiTags('keys')
@AdminRoute('keys')
@ApiProblems(404)
@Controller('admin/masters/:id/keys')
export class MasterKeysController {
  constructor(private readonly keys: KeysService) {}

  @Get()
  @ApiList(KeyView)
  async list(@Param('id', IdPipe) id: number, @Query() query: ListMasterKeysDto): Promise<Page<KeyView>> {
    return pageView(await this.keys.of(id).list(query), toKeyView);
  }

  @Get(':key_id')
  @ApiGet(KeyView)
  async get(@Param('id', IdPipe) id: number, @Param('key_id', IdPipe) keyId: number): Promise<KeyView> {
    return toKeyView(await this.keys.of(id).get(keyId));
  }

  @Post()
  @ShowsSecret()
  @ApiCreate(IssuedKeyView)
  async create(@Param('id', IdPipe) id: number, @Body() dto: CreateKeyDto): Promise<IssuedKeyView> {
    return toIssuedKeyView(await this.keys.of(id).create(dto));
  }

  @Post('batch')
  @ShowsSecret()
  @ApiBatch(IssuedKeyView)
  async batch(@Param('id', IdPipe) id: number, @Body() dto: BatchKeysDto): Promise<BatchView<IssuedKeyView>> {
    return batchView(await this.keys.of(id).batch(toBatchInput(dto)), toIssuedKeyView);
  }

  @Post(':key_id/rotate')
  @ShowsSecret()
  @ApiAction(IssuedKeyView)
  async rotate(
    @Param('id', IdPipe) id: number,
    @Param('key_id', IdPipe) keyId: number,
    @Body() { overlap_seconds }: RotateKeyDto,
  ): Promise<IssuedKeyView> {
    return toIssuedKeyView(await this.keys.of(id).rotate(keyId, overlap_seconds));
  }

  @Post(':key_id/revoke')
  @ApiAction(KeyView)
  async revoke(@Param('id', IdPipe) id: number, @Param('key_id', IdPipe) keyId: number): Promise<KeyView> {
    return toKeyView(await this.keys.of(id).revoke(keyId));
  }

  @Patch(':key_id')
  @ApiUpdate(KeyView)
  async update(
    @Param('id', IdPipe) id: number,
    @Param('key_id', IdPipe) keyId: number,
    @Body() dto: UpdateKeyDto,
  ): Promise<KeyView> {
    return toKeyView(await this.keys.of(id).update(keyId, dto));
  }

  @Put(':key_id')
  @ApiUpdate(KeyView)
  put(
    @Param('id', IdPipe) id: number,
    @Param('key_id', IdPipe) keyId: number,
    @Body() dto: UpdateKeyDto,
  ): Promise<KeyView> {
    return this.update(id, keyId, dto);
  }

  @Delete(':key_id')
  @ApiRemove(KeyView)
  remove(@Param('id', IdPipe) id: number, @Param('key_id', IdPipe) keyId: number): Promise<void> {
    return this.keys.of(id).remove(keyId);
  }
}
