import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Model } from './model.entity.js';
import { ModelAliasesController } from './model-aliases.controller.js';
import { ModelsController } from './models.controller.js';
import { ModelsService } from './models.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Model])],
  controllers: [ModelsController, ModelAliasesController],
  providers: [ModelsService],
  exports: [ModelsService],
})
export class ModelsModule {}
