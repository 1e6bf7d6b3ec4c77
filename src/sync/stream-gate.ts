import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Streams } from '../redis/streams.js';
import { readHead } from './head.js';
import { SyncTools } from './sync-tools.js';

/**
 * Lets this deployment read streams only where its own configuration stands. A second one that is pointed at the same Redis
 * by mistake would take what balancers have counted, and know nothing of the keys they have counted for.
 */
@Injectable()
export class StreamGate implements OnModuleInit {
  constructor(
    private readonly streams: Streams,
    private readonly tools: SyncTools,
  ) {}

  onModuleInit(): void {
    this.streams.readOnlyIf(() => this.isOurs());
  }

  private async isOurs(): Promise<boolean> {
    const { marker } = await this.tools.store.readMarker();
    return marker?.source === (await readHead(this.tools.database)).source;
  }
}
