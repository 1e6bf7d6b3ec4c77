export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Exposition {
  /** By the name of the family. */
  types: Map<string, string>;
  samples: Sample[];
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([Nn]a[Nn]|[+-]Inf|-?[\d.]+(?:e[+-]?\d+)?)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Reads the text format as strictly as Prometheus does, and more: nothing may come without a type and a help. */
export function metricsIn(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line is not ended');
  const lines = text.split('\n').filter((line) => line !== '');
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples: Sample[] = [];
  for (const line of lines) {
    const [, comment, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (comment === 'HELP') helps.add(name!);
    else if (comment === 'TYPE') types.set(name!, rest!);
    else samples.push(sampleIn(line));
  }
  const strays = samples.filter(({ name }) => !familyOf(name, types) || !helps.has(familyOf(name, types)!));
  if (strays.length > 0) throw new Error(`no type or no help: ${strays.map(({ name }) => name).join(', ')}`);
  return { types, samples };
}

/** Whose sample it is: those of a histogram have names of their own. */
export function familyOf(name: string, types: ReadonlyMap<string, string>): string | undefined {
  if (types.has(name)) return name;
  const family = name.replace(/_(bucket|sum|count)$/, '');
  return ['histogram', 'summary'].includes(types.get(family) ?? '') ? family : undefined;
}

function sampleIn(line: string): Sample {
  const [, name, labels = '', value] = LINE.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const pairs = [...labels.matchAll(LABEL)];
  if (pairs.map(([pair]) => pair).join(',') !== labels) throw new Error(`not labels: ${line}`);
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, label, text]) => [label!, text!])),
    value: Number(value!.replace('Inf', 'Infinity')),
  };
}

const isLike = ({ labels }: Sample, wanted: Record<string, string>): boolean =>
  Object.entries(wanted).every(([label, text]) => labels[label] === text);

/** Over all series that have these labels, whatever others they have. */
export const sum = (samples: Sample[], name: string, labels: Record<string, string> = {}): number =>
  samples
    .filter((sample) => sample.name === name && isLike(sample, labels))
    .reduce((total, { value }) => total + value, 0);

export const valueOf = (samples: Sample[], name: string, labels: Record<string, string> = {}): number | undefined =>
  samples.find((sample) => sample.name === name && isLike(sample, labels))?.value;
