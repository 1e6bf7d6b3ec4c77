import { Module } from '@nestjs/common';
import { KeyTotals } from './key-totals.service.js';
import { RollupsService } from './rollups.service.js';

@Module({ providers: [KeyTotals, RollupsService], exports: [KeyTotals, RollupsService] })
export class RollupsModule {}
