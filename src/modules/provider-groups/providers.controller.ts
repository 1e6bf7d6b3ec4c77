import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiCreate } from '../../crud/api.js';
import { AdminRoute } from '../../http/access.js';
import { CreateProviderDto, ProviderView, toProviderView } from './providers.dto.js';
import { ProvidersService } from './providers.service.js';

/** A name of the first release, kept for its clients. */
@ApiTags('early names')
@AdminRoute('provider-groups')
@Controller('providers')
export class ProvidersController {
  constructor(private readonly providers: ProvidersService) {}

  @Post()
  @ApiCreate(ProviderView)
  async create(@Body() dto: CreateProviderDto): Promise<ProviderView> {
    return toProviderView(await this.providers.create(dto));
  }
}
