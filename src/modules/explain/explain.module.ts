import { Module } from '@nestjs/common';
import { BindingsModule } from '../bindings/bindings.module.js';
import { ExplainController } from './explain.controller.js';
import { ExplainService } from './explain.service.js';

@Module({ imports: [BindingsModule], controllers: [ExplainController], providers: [ExplainService] })
export class ExplainModule {}
