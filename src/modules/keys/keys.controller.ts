import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Page } from '../../common/page.js';
import { ApiGet, ApiList } from '../../crud/api.js';
import { pageView } from '../../crud/resource-view.js';
import { AdminRoute } from '../../http/access.js';
import { IdPipe } from '../../http/parameters.js';
import { KeyView, toKeyView } from './key.view.js';
import { ListKeysDto } from './keys.dto.js';
import { KeysService } from './keys.service.js';

/** Keys of all tenants. */
@ApiTags('keys')
@AdminRoute('keys')
@Controller('admin/keys')
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  @Get()
  @ApiList(KeyView)
  async list(@Query() query: ListKeysDto): Promise<Page<KeyView>> {
    return pageView(await this.keys.list(query), toKeyView);
  }

  @Get(':id')
  @ApiGet(KeyView)
  async get(@Param('id', IdPipe) id: number): Promise<KeyView> {
    return toKeyView(await this.keys.get(id));
  }
}
