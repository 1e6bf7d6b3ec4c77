import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BindingsModule } from '../bindings/bindings.module.js';
import { ApiKey } from './api-key.entity.js';
import { ApiKeySecrets } from './api-key-secrets.js';
import { ApiKeysController } from './api-keys.controller.js';
import { ApiKeysService } from './api-keys.service.js';
import { BanSweeper } from './ban-sweeper.js';
import { Reencryption } from './reencrypt.js';

@Module({
  imports: [TypeOrmModule.forFeature([ApiKey]), BindingsModule],
  controllers: [ApiKeysController],
  providers: [ApiKeysService, ApiKeySecrets, BanSweeper, Reencryption],
  exports: [ApiKeysService],
})
export class ApiKeysModule {}
