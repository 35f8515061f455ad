/** Prometheus' text format, for every agent. */
export type Sample = readonly [name: string, kind: 'gauge' | 'counter', help: string, value: number | undefined, labels?: string];

/**
 * A figure that is not known yet is left out: it is not zero.
 * @param prefix of every name, with its underscore
 */
export const prometheusText = (prefix: string, samples: readonly Sample[]): string =>
  samples
    .filter(([, , , value]) => value !== undefined)
    .map(
      ([name, kind, help, value, labels = '']) =>
        `# HELP ${prefix}${name} ${help}\n# TYPE ${prefix}${name} ${kind}\n${prefix}${name}${labels} ${String(value)}\n`,
    )
    .join('');
