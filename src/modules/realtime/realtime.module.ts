import { Module } from '@nestjs/common';
import { MastersModule } from '../masters/masters.module.js';
import { EventStreams } from './event-streams.js';
import { LiveCounters } from './live-counters.js';
import { OwnRealtimeController, RealtimeController } from './realtime.controller.js';
import { RealtimeService } from './realtime.service.js';

@Module({
  imports: [MastersModule],
  controllers: [RealtimeController, OwnRealtimeController],
  providers: [EventStreams, LiveCounters, RealtimeService],
})
export class RealtimeModule {}
