import { Module } from '@nestjs/common';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';

@Module({ imports: [ApiKeysModule], controllers: [HealthController], providers: [HealthService] })
export class HealthModule {}
