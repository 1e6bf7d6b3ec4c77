import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { KeyAliasesController } from './key-aliases.controller.js';
import { KeySecret } from './key-secret.entity.js';
import { Key } from './key.entity.js';
import { KeysController } from './keys.controller.js';
import { KeysService } from './keys.service.js';
import { MasterKeysController } from './master-keys.controller.js';
import { OverlapSweeper } from './overlap-sweeper.js';
import { TokensController } from './tokens.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([Key, KeySecret])],
  controllers: [KeysController, MasterKeysController, TokensController, KeyAliasesController],
  providers: [KeysService, OverlapSweeper],
  exports: [KeysService],
})
export class KeysModule {}
