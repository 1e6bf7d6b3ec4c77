import { Injectable } from '@nestjs/common';
import type { Receipt } from '../../common/request-context.js';
import { isNewer } from '../versions.js';
import { AckStore } from './ack-store.js';
import type { DataPlane } from './ack.js';

/** Reading one takes Redis two O(1) commands; so many take it some milliseconds. */
export const DATA_PLANES_MAX = 1_000;

export interface KnownDataPlanes {
  /** Those that live, by name. */
  nodes: DataPlane[];
  /** False: more are registered than are looked at. */
  isComplete: boolean;
}

/** Which data planes live, and what they say. */
@Injectable()
export class DataPlanes {
  private reading: Promise<KnownDataPlanes> | undefined;

  constructor(private readonly store: AckStore) {}

  /** Who asks while somebody else's question is on its way gets the same answer. */
  read(): Promise<KnownDataPlanes> {
    this.reading ??= this.readAll().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readAll(): Promise<KnownDataPlanes> {
    const names = await this.store.names(DATA_PLANES_MAX + 1);
    const looked = names.slice(0, DATA_PLANES_MAX);
    const nodes = await Promise.all(looked.map((name) => this.store.read(name)));
    return {
      nodes: nodes.filter((node) => node !== undefined).toSorted((a, b) => (a.node < b.node ? -1 : 1)),
      isComplete: names.length <= DATA_PLANES_MAX,
    };
  }
}

/** Whether every one of them serves at least this version. Of none, that can't be said. */
export const haveAcknowledged = ({ nodes, isComplete }: KnownDataPlanes, { gen, version }: Receipt): boolean =>
  isComplete &&
  nodes.length > 0 &&
  nodes.every(
    ({ state, acknowledged }) => state === 'ok' && acknowledged?.gen === gen && !isNewer(version, acknowledged.version),
  );
