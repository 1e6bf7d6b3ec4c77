import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../../common/metrics.js';
import { readHead } from '../head.js';
import { SyncDatabase } from '../sync-database.js';
import { DATA_PLANE_STATES } from './ack.js';
import { readLags } from './data-plane-lag.js';
import { DataPlanes } from './data-planes.js';

/** A series for each node; of more, those that are furthest behind. */
const NODES_MAX = 200;

/** What the data planes say, looked up for whoever scrapes. */
@Injectable()
export class DataPlaneGauges {
  private readonly live: Gauge<'state'>;
  private readonly lagVersions: Gauge<'node'>;
  private readonly lagSeconds: Gauge<'node'>;
  private readonly nacks: Gauge<'node'>;

  constructor(
    private readonly metrics: Metrics,
    private readonly planes: DataPlanes,
    private readonly database: SyncDatabase,
  ) {
    this.live = this.gauge('ez_data_planes', 'Nodes of the data plane that live, by what they say', 'state');
    this.lagVersions = this.gauge(
      'ez_data_plane_lag_versions',
      'Committed versions that a node has not acknowledged; absent: cannot be compared',
      'node',
    );
    this.lagSeconds = this.gauge('ez_data_plane_lag_seconds', 'Age of the oldest of these versions', 'node');
    this.nacks = this.gauge(
      'ez_data_plane_nacks',
      'Whether a node refuses what Redis holds, or cannot be understood',
      'node',
    );
    metrics.beforeScrape(() => this.read());
  }

  private gauge<L extends string>(name: string, help: string, label: L): Gauge<L> {
    return new Gauge({ name, help, labelNames: [label], registers: [this.metrics.registry] });
  }

  private async read(): Promise<void> {
    const { nodes } = await this.planes.read();
    const lags = await readLags(this.database, await readHead(this.database), nodes);
    for (const gauge of [this.lagVersions, this.lagSeconds, this.nacks]) gauge.reset();
    for (const state of DATA_PLANE_STATES) {
      this.live.set({ state }, nodes.filter((node) => node.state === state).length);
    }
    const furthestFirst = nodes
      .map(({ node, state }, i) => ({ node, state, ...lags[i]! }))
      .toSorted((a, b) => (b.versions ?? Infinity) - (a.versions ?? Infinity) || 0);
    for (const { node, state, versions, ms } of furthestFirst.slice(0, NODES_MAX)) {
      this.nacks.set({ node }, state === 'ok' ? 0 : 1);
      if (versions === null || ms === null) continue;
      this.lagVersions.set({ node }, versions);
      this.lagSeconds.set({ node }, ms / 1_000);
    }
  }
}
