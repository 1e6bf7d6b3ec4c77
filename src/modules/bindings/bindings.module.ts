import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Binding } from './binding.entity.js';
import { BindingLint } from './binding-lint.js';
import { BindingsController } from './bindings.controller.js';
import { BindingsService } from './bindings.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Binding])],
  controllers: [BindingsController],
  providers: [BindingsService, BindingLint],
  exports: [BindingsService],
})
export class BindingsModule {}
