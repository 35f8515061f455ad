/** What a node's chrony goes by, in user data of Amazon Linux 2023. */
import type { Clocks } from '../topology/types';

/** Amazon's own, which its image has already. */
const BUILT_IN = '169.254.169.123';

/** Lines of chrony.conf: every source, and none alone is believed. */
export const chronyLines = ({ sources }: Pick<Clocks, 'sources'>): readonly string[] => [
  ...sources.filter((source) => source !== BUILT_IN).map((source) => `server ${source} iburst`),
  // One server, and be it Amazon's, can be wrong: two have to agree before the clock is moved.
  'minsources 2',
];

/** Runs once, before the node joins. */
export const chronyScript = (clocks: Pick<Clocks, 'sources'>): readonly string[] => [
  'set -eu',
  "cat >> /etc/chrony.conf <<'END'",
  '# Holdfast: clocks.sources',
  ...chronyLines(clocks),
  'END',
  'systemctl restart chronyd',
];
