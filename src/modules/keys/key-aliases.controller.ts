import { Body, Controller, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiCreate } from '../../crud/api.js';
import { AdminRoute } from '../../http/access.js';
import { ShowsSecret } from '../../http/shows-secret.js';
import { IssuedKeyView, toIssuedKeyView } from './key.view.js';
import { CreateKeyOfMasterDto } from './keys.dto.js';
import { KeysService } from './keys.service.js';

/** Names of the first release, kept for its clients. */
@ApiTags('early names')
@AdminRoute('keys')
@Controller('keys')
export class KeyAliasesController {
  constructor(private readonly keys: KeysService) {}

  @Post()
  @ShowsSecret()
  @ApiCreate(IssuedKeyView)
  async create(@Body() dto: CreateKeyOfMasterDto): Promise<IssuedKeyView> {
    return toIssuedKeyView(await this.keys.createOf(dto));
  }
}
