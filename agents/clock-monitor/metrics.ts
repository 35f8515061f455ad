import { prometheusText } from '../prometheus-text';
import type { ClockState } from './main';

const PREFIX = 'holdfast_clock_';

const perSource = ({ samples }: ClockState, node: string): string =>
  samples.length === 0
    ? ''
    : [
        `# HELP ${PREFIX}source_up Whether a time server answered.\n# TYPE ${PREFIX}source_up gauge\n`,
        ...samples.map((sample) => `${PREFIX}source_up{node="${node}",source="${sample.source}"} ${sample.error === undefined ? 1 : 0}\n`),
        `# HELP ${PREFIX}source_offset_seconds What a time server says about this machine's clock; positive: it is behind.\n# TYPE ${PREFIX}source_offset_seconds gauge\n`,
        ...samples.flatMap((sample) =>
          sample.error === undefined ? [`${PREFIX}source_offset_seconds{node="${node}",source="${sample.source}"} ${sample.offsetSeconds}\n`] : [],
        ),
      ].join('');

/** For Prometheus. While too few servers agree there is no offset: it is not zero. @param node whose clock it is: what scrapes a pod need not know its node */
export const renderMetrics = (state: ClockState, node: string): string => {
  const { verdict, measuredAt } = state;
  const labels = `{node="${node}"}`;
  return (
    prometheusText(PREFIX, [
      [
        'offset_seconds',
        'gauge',
        'How far the clock is off, by the servers that agree; positive: it is behind.',
        verdict === null || verdict.kind === 'unknown' ? undefined : verdict.offsetSeconds,
        labels,
      ],
      ['known', 'gauge', 'Whether a majority of the time servers agrees.', verdict === null ? undefined : verdict.kind === 'unknown' ? 0 : 1, labels],
      ['measured_timestamp_seconds', 'gauge', 'When it was last measured.', measuredAt === null ? undefined : measuredAt / 1000, labels],
    ]) + perSource(state, node)
  );
};
