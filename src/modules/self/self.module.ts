import { Module } from '@nestjs/common';
import { KeysModule } from '../keys/keys.module.js';
import { MastersModule } from '../masters/masters.module.js';
import { SelfController } from './self.controller.js';
import { SelfService } from './self.service.js';

@Module({
  imports: [KeysModule, MastersModule],
  controllers: [SelfController],
  providers: [SelfService],
})
export class SelfModule {}
