import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOkResponse, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { PublicRoute } from '../../http/access.js';
import { HealthView, StatusView } from './health.dto.js';
import { HealthService } from './health.service.js';

@ApiTags('health')
@PublicRoute()
@Controller()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('health')
  @Header('Cache-Control', 'no-store')
  @ApiOkResponse({ type: HealthView })
  check(): Promise<HealthView> {
    return this.health.check();
  }

  @Get('health/live')
  @Header('Cache-Control', 'no-store')
  @ApiOkResponse({ type: StatusView, description: 'The process answers; it looks at nothing else' })
  live(): StatusView {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @Header('Cache-Control', 'no-store')
  @ApiOkResponse({ type: HealthView, description: 'Send traffic. `degraded`: writes are kept, Redis gets them later' })
  @ApiResponse({
    status: 503,
    type: HealthView,
    description: 'Send no traffic: no database, or not the schema expected',
  })
  async ready(@Res({ passthrough: true }) response: Response): Promise<HealthView> {
    const health = await this.health.check();
    if (health.status === 'down') response.status(503);
    return health;
  }

  @Get('api/status/test')
  @ApiOkResponse({ type: StatusView, description: 'Name of the first release for `/health/live`' })
  status(): StatusView {
    return { status: 'ok' };
  }
}
