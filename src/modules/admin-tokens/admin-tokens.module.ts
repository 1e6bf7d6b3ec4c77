import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AdminToken } from './admin-token.entity.js';
import { AdminTokensController } from './admin-tokens.controller.js';
import { AdminTokensService } from './admin-tokens.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([AdminToken])],
  controllers: [AdminTokensController],
  providers: [AdminTokensService],
})
export class AdminTokensModule {}
