import { Injectable } from '@nestjs/common';
import { readHead } from '../head.js';
import { SyncDatabase } from '../sync-database.js';
import { readLags } from './data-plane-lag.js';
import { toDataPlaneReport, unknownDataPlanes, type DataPlaneReport } from './data-plane-status.js';
import { DataPlanes, type KnownDataPlanes } from './data-planes.js';

/** What operators see of the data planes. */
@Injectable()
export class DataPlaneReports {
  constructor(
    private readonly planes: DataPlanes,
    private readonly database: SyncDatabase,
  ) {}

  async make(): Promise<DataPlaneReport> {
    const known = await this.planes.read().catch((error: Error) => error);
    if (known instanceof Error) return unknownDataPlanes(known.message);
    return this.of(known);
  }

  private async of(known: KnownDataPlanes): Promise<DataPlaneReport> {
    const head = await readHead(this.database);
    return toDataPlaneReport({ head, known, lags: await readLags(this.database, head, known.nodes) });
  }
}
