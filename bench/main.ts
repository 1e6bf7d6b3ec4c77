import { cpus, loadavg } from 'node:os';
import { batch } from './batch.js';
import { cost } from './cost.js';
import { createKey } from './create-key.js';
import { faults } from './faults.js';
import { ingest } from './ingest.js';
import { logs } from './logs.js';
import { outage } from './outage.js';
import { propagation } from './propagation.js';
import { rates } from './rates.js';
import { reads } from './reads.js';
import { retention } from './retention.js';
import { snapshot } from './snapshot.js';
import { start } from './start.js';
import { type Figure, TABLE_HEAD, toRow } from './support/figure.js';

const BENCHMARKS: Record<string, (folder: string) => Promise<Figure[]>> = {
  propagation,
  create: createKey,
  batch,
  snapshot,
  reads,
  start,
  rates,
  outage,
  faults,
  cost,
  ingest,
  logs,
  retention,
};

const [folder, ...names] = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name));
if (folder === undefined || unknown.length > 0) {
  process.stderr.write(`usage: bin/bench [${Object.keys(BENCHMARKS).join('] [')}]\n`);
  process.exit(2);
}

const busyBefore = loadavg()[1]!.toFixed(1);
process.stdout.write(TABLE_HEAD);
for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
  process.stderr.write(`measuring ${name}\n`);
  const figures = await BENCHMARKS[name]!(folder);
  process.stdout.write(figures.map(toRow).join(''));
}
const [processor] = cpus();
process.stdout.write(`
Node.js ${process.versions.node} on ${cpus().length} × ${processor?.model}; load (5 minutes) before ${busyBefore}, after ${loadavg()[1]!.toFixed(1)}.
`);
