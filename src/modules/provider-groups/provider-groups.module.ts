import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { BindingsModule } from '../bindings/bindings.module.js';
import { ProviderGroup } from './provider-group.entity.js';
import { ProviderGroupsController } from './provider-groups.controller.js';
import { ProviderGroupsService } from './provider-groups.service.js';
import { ProvidersController } from './providers.controller.js';
import { ProvidersService } from './providers.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([ProviderGroup]), ApiKeysModule, BindingsModule],
  controllers: [ProviderGroupsController, ProvidersController],
  providers: [ProviderGroupsService, ProvidersService],
  exports: [ProviderGroupsService],
})
export class ProviderGroupsModule {}
