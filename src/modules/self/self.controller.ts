import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiGet } from '../../crud/api.js';
import { MasterRoute } from '../../http/access.js';
import { OwnMasterId } from '../../http/own-master-id.js';
import { SelfView } from './self.dto.js';
import { SelfService } from './self.service.js';

@ApiTags('self')
@MasterRoute()
@Controller('v1/self')
export class SelfController {
  constructor(private readonly self: SelfService) {}

  @Get()
  @ApiOperation({ summary: 'Get the master that asks, and count its keys' })
  @ApiGet(SelfView)
  get(@OwnMasterId() masterId: number): Promise<SelfView> {
    return this.self.get(masterId);
  }
}
