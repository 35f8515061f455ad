/** The service’s Redis, taken away from its pods, and what the limiter knows there. */
import { join } from 'node:path';
import { NAMESPACE } from '../../lib/topology/derive';
import { runInKeeper } from '../cache-tier/keeper';
import { cutPodFrom } from '../faults/primitives';
import { healEverything } from '../faults/heal';
import { addressesOf, podsOf } from '../health';
import { adminKubeconfig } from '../kubernetes/control-plane';
import { readState } from '../state';
import { workloadPods } from '../workload-tier/pods';
import { holdUntil, type WorkloadStage } from '../workload-tier/stage';
import { seriesNow } from './overload';

/** No pod reaches any node of it, and is told so at once. */
export const takeRedisAway = async ({ context: { lab, api, progress }, workload }: WorkloadStage): Promise<void> => {
  const nodes = addressesOf(await podsOf(api, 'cache'));
  const pods = await workloadPods(lab, api, workload);
  progress(`${pods.length} pods can’t reach any of ${nodes.length} nodes of the cache`);
  for (const pod of pods) await cutPodFrom(pod.node, pod.address, nodes, 'reset');
};

const SEEN_WITHIN_SECONDS = 30;

/** Until every pod uses it again, by its own word. @returns when that was, or null: not in time */
export const giveRedisBack = async (stage: WorkloadStage): Promise<number | null> => {
  const { lab, progress } = stage.context;
  for (const line of await healEverything(lab)) progress(line);
  return holdUntil(stage, SEEN_WITHIN_SECONDS, async () => {
    const degraded = (await seriesNow(stage)).filter((s) => s.name === 'backend_degraded' && s.labels['part'] !== 'database');
    return degraded.length > 0 && degraded.every(({ value }) => value === 0);
  });
};

/** What the limiter counts, and by what it knows that it has. */
const LIMITER_KEYS = 'limit*';

/** As if Redis had been started empty, for the limiter alone. @throws Error with what the command said */
export const forgetLimits = async ({ context: { lab } }: WorkloadStage): Promise<void> => {
  const { binaries } = await readState(lab);
  const how = { program: join(binaries, 'kubectl'), args: ['--kubeconfig', adminKubeconfig(lab)], namespace: NAMESPACE };
  const done = await runInKeeper(how, ['clear-sessions', '--all', '--match', LIMITER_KEYS, '--json']);
  if (done.code !== 0) throw new Error(`what the limiter knows could not be deleted: exit ${done.code}: ${done.stderr}`);
};
