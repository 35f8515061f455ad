/** Reads Prometheus' text format, as far as sums and gauges need it. */
const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})?\s+(\S+)(?:\s+-?\d+)?$/;

const numberOf = (text: string): number => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

/** The values of a metric, whatever its labels; empty: it is not there. What is not a number is left out. */
export const valuesOf = (exposition: string, metric: string): readonly number[] =>
  exposition.split('\n').flatMap((line) => {
    if (!line.startsWith(metric)) return [];
    const [, name, value = ''] = LINE.exec(line.trim()) ?? [];
    const number = numberOf(value);
    return name === metric && Number.isFinite(number) ? [number] : [];
  });
