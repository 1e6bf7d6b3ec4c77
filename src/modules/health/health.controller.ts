import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { PublicRoute } from '../../http/access.js';
import { HealthView, StatusView } from './health.dto.js';
import { HealthService } from './health.service.js';

const READINESS = { ok: 200, degraded: 200, down: 503 };

@ApiTags('health')
@PublicRoute()
@Controller()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get('health')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Say how all parts are', description: 'Always 200: for people and dashboards' })
  @ApiOkResponse({ type: HealthView })
  check(): Promise<HealthView> {
    return this.health.check();
  }

  @Get('health/live')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Say that the process answers', description: 'It looks at nothing else' })
  @ApiOkResponse({ type: StatusView })
  live(): StatusView {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Say whether to send traffic' })
  @ApiOkResponse({ type: HealthView, description: 'Send traffic. `degraded`: writes are kept, Redis gets them later' })
  @ApiResponse({
    status: 503,
    type: HealthView,
    description: 'Send no traffic: no database, or not the schema expected',
  })
  async ready(@Res({ passthrough: true }) response: Response): Promise<HealthView> {
    const health = await this.health.check();
    response.status(READINESS[health.status]);
    return health;
  }

  @Get('api/status/test')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Say that the process answers', description: 'Early name of `/health/live`' })
  @ApiOkResponse({ type: StatusView })
  status(): StatusView {
    return { status: 'ok' };
  }
}
