import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PublicRoute } from '../../http/access.js';
import { Bearer } from '../../http/auth/bearer.js';
import { ApiProblems } from '../../http/openapi.js';
import { ShowsSecret } from '../../http/shows-secret.js';
import { ExchangeAdminTokenDto, ExchangeMasterKeyDto, SessionTokenView } from './auth.dto.js';
import { AuthService } from './auth.service.js';

@ApiTags('auth')
@PublicRoute()
@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('admin/token')
  @HttpCode(200)
  @ShowsSecret()
  @ApiOperation({ summary: 'Exchange the admin token, or a scoped one, for a JWT' })
  @ApiBody({ type: ExchangeAdminTokenDto, required: false })
  @ApiOkResponse({ type: SessionTokenView })
  @ApiProblems(400, 401, 403, 413, 415, 429, 503)
  admin(@Bearer() bearer: string | undefined, @Body() { token }: ExchangeAdminTokenDto): Promise<SessionTokenView> {
    return this.auth.exchange('admin', bearer, token);
  }

  @Post('master/token')
  @HttpCode(200)
  @ShowsSecret()
  @ApiOperation({ summary: 'Exchange a master key for a JWT' })
  @ApiBody({ type: ExchangeMasterKeyDto, required: false })
  @ApiOkResponse({ type: SessionTokenView })
  @ApiProblems(400, 401, 403, 413, 415, 429, 503)
  master(
    @Bearer() bearer: string | undefined,
    @Body() { master_key }: ExchangeMasterKeyDto,
  ): Promise<SessionTokenView> {
    return this.auth.exchange('master', bearer, master_key);
  }
}
