import { ApiProperty } from '@nestjs/swagger';
import { TextField } from '../../crud/fields.js';
import { LONGEST_CREDENTIAL } from '../../http/auth/bearer.js';

export class ExchangeAdminTokenDto {
  @TextField(LONGEST_CREDENTIAL, {
    minLength: 1,
    example: 'eza_…',
    description: 'Unless it is sent as `Authorization: Bearer`',
  })
  token?: string;
}

export class ExchangeMasterKeyDto {
  @TextField(LONGEST_CREDENTIAL, {
    minLength: 1,
    example: 'ezm_…',
    description: 'Unless it is sent as `Authorization: Bearer`',
  })
  master_key?: string;
}

/** In the words of RFC 6749, 5.1. */
export class SessionTokenView {
  @ApiProperty({ description: 'A JWT, to be sent as `Authorization: Bearer`', example: 'eyJhbGciOiJIUzI1NiJ9…' })
  access_token!: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type!: 'Bearer';

  @ApiProperty({ type: 'integer', example: 3600, description: 'Seconds' })
  expires_in!: number;
}
