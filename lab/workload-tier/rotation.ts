/** Watches, by the gateways' own statistics, since when none of them sends requests to some pods. */
import { isOut, serversOf } from '../../lib/drill/workloads/rotation';
import { GATEWAY_METRICS_PORT } from '../../lib/topology/gateway';
import { sleep } from '../exec';
import { now } from '../meter/clock';

const EVERY_SECONDS = 0.2;
const ANSWER_MS = 1000;

export interface Rotation {
  /** Since when all of these gateways have had all of these pods out of rotation; null: one has not, or does not say so. */
  readonly outAt: () => number | null;
  readonly stop: () => Promise<void>;
}

const hasOut = async (gateway: string, pods: readonly string[]): Promise<boolean> => {
  const answer = await fetch(`http://${gateway}:${GATEWAY_METRICS_PORT}/stats;json`, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok) throw new Error(`the gateway at ${gateway} answers ${answer.status}`);
  return isOut(serversOf(await answer.json()), pods);
};

export const watchRotation = (gateways: readonly string[], pods: readonly string[]): Rotation => {
  let since: number | null = null;
  let stopping = false;
  const watch = async (): Promise<void> => {
    while (!stopping) {
      const asked = now();
      const answers = await Promise.all(gateways.map((g) => hasOut(g, pods).catch(() => false)));
      since = gateways.length > 0 && answers.every(Boolean) ? (since ?? asked) : null;
      await sleep(EVERY_SECONDS);
    }
  };
  const watching = watch();
  return {
    outAt: () => since,
    stop: () => {
      stopping = true;
      return watching;
    },
  };
};
