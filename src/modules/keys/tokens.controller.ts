import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiAction, ApiBatch, ApiCreate, ApiGet, ApiList, ApiRemove, ApiUpdate } from '../../crud/api.js';
import { toBatchInput } from '../../crud/batch.dto.js';
import { batchView, pageView, type BatchView } from '../../crud/resource-view.js';
import { MasterRoute } from '../../http/access.js';
import { OwnMasterId } from '../../http/own-master-id.js';
import { IdPipe } from '../../http/parameters.js';
import { ShowsSecret } from '../../http/shows-secret.js';
import { IssuedTokenView, TokenView, toIssuedTokenView, toTokenView } from './key.view.js';
import { KeysService } from './keys.service.js';
import { BatchTokensDto, CreateTokenDto, ListTokensDto, RotateKeyDto, UpdateTokenDto } from './tokens.dto.js';

/** A tenant's own keys. */
@ApiTags('self')
@MasterRoute()
@Controller('v1/tokens')
export class TokensController {
  constructor(private readonly keys: KeysService) {}

  @Get()
  @ApiList(TokenView)
  async list(@OwnMasterId() masterId: number, @Query() query: ListTokensDto): Promise<Page<TokenView>> {
    return pageView(await this.keys.of(masterId).list(query), toTokenView);
  }

  @Get(':id')
  @ApiGet(TokenView)
  async get(@OwnMasterId() masterId: number, @Param('id', IdPipe) id: number): Promise<TokenView> {
    return toTokenView(await this.keys.of(masterId).get(id));
  }

  @Post()
  @ShowsSecret()
  @ApiCreate(IssuedTokenView)
  async create(@OwnMasterId() masterId: number, @Body() dto: CreateTokenDto): Promise<IssuedTokenView> {
    return toIssuedTokenView(await this.keys.of(masterId).create(dto));
  }

  @Post('batch')
  @ShowsSecret()
  @ApiBatch(IssuedTokenView)
  async batch(@OwnMasterId() masterId: number, @Body() dto: BatchTokensDto): Promise<BatchView<IssuedTokenView>> {
    return batchView(await this.keys.of(masterId).batch(toBatchInput(dto)), toIssuedTokenView);
  }

  @Post(':id/rotate')
  @ShowsSecret()
  @ApiAction(IssuedTokenView)
  async rotate(
    @OwnMasterId() masterId: number,
    @Param('id', IdPipe) id: number,
    @Body() { overlap_seconds }: RotateKeyDto,
  ): Promise<IssuedTokenView> {
    return toIssuedTokenView(await this.keys.of(masterId).rotate(id, overlap_seconds));
  }

  @Post(':id/revoke')
  @ApiAction(TokenView)
  async revoke(@OwnMasterId() masterId: number, @Param('id', IdPipe) id: number): Promise<TokenView> {
    return toTokenView(await this.keys.of(masterId).revoke(id));
  }

  @Patch(':id')
  @ApiUpdate(TokenView)
  async update(
    @OwnMasterId() masterId: number,
    @Param('id', IdPipe) id: number,
    @Body() dto: UpdateTokenDto,
  ): Promise<TokenView> {
    return toTokenView(await this.keys.of(masterId).update(id, dto));
  }

  @Put(':id')
  @ApiUpdate(TokenView)
  put(
    @OwnMasterId() masterId: number,
    @Param('id', IdPipe) id: number,
    @Body() dto: UpdateTokenDto,
  ): Promise<TokenView> {
    return this.update(masterId, id, dto);
  }

  @Delete(':id')
  @ApiRemove(TokenView)
  remove(@OwnMasterId() masterId: number, @Param('id', IdPipe) id: number): Promise<void> {
    return this.keys.of(masterId).remove(id);
  }
}
