import { Injectable, StreamableFile } from '@nestjs/common';
import { MastersService } from '../masters/masters.service.js';
import { EventStreams } from './event-streams.js';
import { LiveCounters } from './live-counters.js';
import type { RealtimeView } from './realtime.dto.js';

@Injectable()
export class RealtimeService {
  constructor(
    private readonly counters: LiveCounters,
    private readonly streams: EventStreams,
    private readonly masters: MastersService,
  ) {}

  /** Once, or as events to a caller who accepts those. */
  async show(masterId: number, accept = ''): Promise<RealtimeView | StreamableFile> {
    await this.masters.get(masterId);
    if (!accept.includes('text/event-stream')) return this.counters.of(masterId);
    const events = this.streams.start('realtime', masterId, () => this.counters.of(masterId));
    return new StreamableFile(events, { type: 'text/event-stream; charset=utf-8' });
  }
}
