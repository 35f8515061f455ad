/** Reads Prometheus' text exposition format. What is written in it: agents/prometheus-text.ts. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** May be infinite or NaN. */
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPED: Readonly<Record<string, string>> = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };
const INFINITE: Readonly<Record<string, number>> = { '+Inf': Infinity, '-Inf': -Infinity };

const labelsOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...text.matchAll(LABEL)].map(([, name = '', value = '']) => [name, value.replace(/\\./g, (escaped) => ESCAPED[escaped] ?? escaped)]));

/** undefined: a comment, or no series. */
const seriesOn = (line: string): Series | undefined => {
  const [, name, labels = '', value = ''] = LINE.exec(line.trim()) ?? [];
  return name === undefined ? undefined : { name, labels: labelsOf(labels), value: INFINITE[value] ?? Number(value) };
};

/** Every series that is served, in its order; comments and what is no series are left out. */
export const seriesIn = (exposition: string): readonly Series[] => exposition.split('\n').flatMap((line) => seriesOn(line) ?? []);

/** The values of a metric, whatever its labels; empty: it is not there. What is not a finite number is left out. */
export const valuesOf = (exposition: string, metric: string): readonly number[] =>
  exposition.split('\n').flatMap((line) => {
    // Most lines are another metric's, and need not be taken apart.
    const series = line.startsWith(metric) ? seriesOn(line) : undefined;
    return series?.name === metric && Number.isFinite(series.value) ? [series.value] : [];
  });
