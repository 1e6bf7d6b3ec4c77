import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { KeysModule } from '../keys/keys.module.js';
import { Master } from './master.entity.js';
import { MastersController } from './masters.controller.js';
import { MastersService } from './masters.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Master]), KeysModule],
  controllers: [MastersController],
  providers: [MastersService],
  exports: [MastersService],
})
export class MastersModule {}
