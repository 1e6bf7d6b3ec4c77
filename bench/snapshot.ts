import type { Figure } from './support/figure.js';
import { longestCall, type RedisLoad, SHORT_CALL_MS } from './support/redis-load.js';
import { measureOriginal, measureSnapshots, type Measured, type Timed } from './support/snapshot-rounds.js';
import { median, medianRatio, ms, seconds } from './support/stats.js';

const SMALL = { keys: 100_000, rounds: 3, recoveries: 2 };
/** What takes memory for each key takes ten times as much for these. `BENCH_SNAPSHOT_KEYS=200000` for fewer. */
const LARGE = { keys: Number(process.env.BENCH_SNAPSHOT_KEYS ?? 1_000_000), rounds: 2, recoveries: 1 };
const ORIGINAL = { keys: SMALL.keys, rounds: 3 };
const LONGEST_CALL_MS = 10;
const MOST_GROWTH_MB = 150;
const MOST_NOTICE_MS = 1500;
const MOST_RECOVERY_MS = { [SMALL.keys]: 10_000, [LARGE.keys]: 60_000 };

/** Full snapshots into an empty Redis, beside bare pipelined HSETs of the same bytes and the one MULTI of the original's way. */
export async function snapshot(folder: string): Promise<Figure[]> {
  const small = await measureSnapshots(folder, SMALL);
  const original = await measureOriginal(folder, ORIGINAL);
  const large = await measureSnapshots(folder, LARGE);
  return [
    ...snapshotFigures(SMALL.keys, small),
    ...originalFigures(small, original),
    ...snapshotFigures(LARGE.keys, large),
    memoryFigure(small.growth, large.growth),
    recoveryFigure(SMALL.keys, small),
    recoveryFigure(LARGE.keys, large),
  ];
}

function snapshotFigures(keys: number, { ours, bare, bytes }: Measured): Figure[] {
  const ratio = medianRatio(bare.taken, ours.taken);
  const call = longestCall(ours.loads);
  const speed = ({ taken }: Timed): string =>
    `${seconds(median(taken))}, ${(bytes / 1000 / median(taken)).toFixed(0)} MB/s`;
  return [
    {
      what: `Full snapshot of ${count(keys)} keys`,
      ours: speed(ours),
      yardstick: `bare pipelined HSETs of the same bytes: ${speed(bare)}`,
      ratio,
      target: 'ratio ≥ 0.50',
      isMet: ratio >= 0.5,
    },
    {
      what: '… longest call to Redis, each in the median of all rounds',
      ours: callTime(call),
      yardstick: callTime(longestCall(bare.loads)),
      target: '≤ 10 ms',
      isMet: call <= LONGEST_CALL_MS,
    },
    {
      what: '… longest wait of another client that asks every millisecond',
      ours: longestWaits(ours.loads),
      yardstick: longestWaits(bare.loads),
      target: '',
    },
  ];
}

function originalFigures({ ours }: Measured, original: Timed): Figure[] {
  return [
    {
      what: `… ${count(ORIGINAL.keys)} keys the original's way`,
      ours: seconds(median(ours.taken)),
      yardstick: `one MULTI: ${seconds(median(original.taken))}`,
      ratio: median(original.taken) / median(ours.taken),
      target: '',
    },
    {
      what: '… longest wait of another client meanwhile',
      ours: longestWaits(ours.loads),
      yardstick: `one MULTI: ${longestWaits(original.loads)}`,
      target: '',
    },
  ];
}

const count = (keys: number): string => keys.toLocaleString('en');

const callTime = (longest: number): string => (longest === 0 ? `none above ${ms(SHORT_CALL_MS)}` : ms(longest));

/** The longest of a round is at the mercy of the machine, so the worst round stands beside the median. */
function longestWaits(loads: readonly RedisLoad[]): string {
  const waits = loads.map(({ longestWait }) => longestWait);
  return `${ms(median(waits))}, worst round ${ms(Math.max(...waits))}`;
}

const memoryFigure = (growth: number, ofMore: number): Figure => ({
  what: '… memory that the server takes for it',
  ours: `+${growth.toFixed(0)} MB; for ${count(LARGE.keys)} keys +${ofMore.toFixed(0)} MB`,
  yardstick: '',
  target: `≤ ${MOST_GROWTH_MB} MB, for more keys too`,
  isMet: Math.max(growth, ofMore) <= MOST_GROWTH_MB,
});

function recoveryFigure(keys: number, { recovery, bare }: Measured): Figure {
  const [noticed, taken] = [Math.max(...recovery.noticed), Math.max(...recovery.taken)];
  const most = MOST_RECOVERY_MS[keys]!;
  return {
    what: `FLUSHALL → ${count(keys)} keys are back, longest of ${recovery.taken.length}`,
    ours: `noticed after ${seconds(noticed)}, back after ${seconds(taken)}`,
    yardstick: `the original's way: never by itself; the HSETs alone: ${seconds(median(bare.taken))}`,
    target: `noticed ≤ 1.5 s, back ≤ ${most / 1000} s`,
    isMet: noticed <= MOST_NOTICE_MS && taken <= most,
  };
}
