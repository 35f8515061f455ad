import { randomUUID } from 'node:crypto';
import type { CacheKeeperConfig } from '../../lib/services/cache-keeper';
import { keyTag, slotsOfShard } from '../../lib/topology/cache-placement';
import { reasonOf, type Log } from '../follower/log';
import type { Connections } from './connections';
import { masterOf, type Look } from './sight';
import { commandsOf, describeStep, type Step } from './steps';

/** A handover that another keeper began is left alone for so long. */
const HANDOVER_LOCK_MS = 10_000;

/**
 * A second CLUSTER FAILOVER would interrupt the first: the keeper that sets this key on the shard's master does it. Only for planned handovers, when the shard
 * is writable; everything else may be done twice.
 */
const mayHandOver = async ({ call }: Connections, config: CacheKeeperConfig, look: Look, step: Step): Promise<boolean> => {
  const pod = config.pods.find((p) => p.name === step.pod);
  const master = pod === undefined ? undefined : masterOf(look, pod.shard, config.shards);
  if (pod === undefined || master === undefined) return false;
  const key = `holdfast:keeper:{${keyTag(slotsOfShard(pod.shard, config.shards))}}`;
  return (await call(master.pod.name, ['SET', key, randomUUID(), 'NX', 'PX', String(HANDOVER_LOCK_MS)])) === 'OK';
};

/** Carries the steps out, one after the other. @returns whether all of them were accepted; a refusal is logged, and decided anew after the next look */
export const carryOut = async (connections: Connections, config: CacheKeeperConfig, look: Look, steps: readonly Step[], log: Log): Promise<boolean> => {
  let accepted = true;
  for (const step of steps) {
    try {
      if (step.kind === 'hand-over' && !(await mayHandOver(connections, config, look, step))) continue;
      for (const command of commandsOf(step, config.port)) await connections.call(step.pod, command);
      log(describeStep(step), step.because);
    } catch (error) {
      accepted = false;
      log(`refused: ${describeStep(step)}`, reasonOf(error));
    }
  }
  return accepted;
};

/** The same, each pod's steps in their order, and the pods at once: for steps that need nothing of one another. */
export const carryOutByPod: typeof carryOut = async (connections, config, look, steps, log) => {
  const pods = [...new Set(steps.map((step) => step.pod))];
  const accepted = await Promise.all(
    pods.map((pod) =>
      carryOut(
        connections,
        config,
        look,
        steps.filter((step) => step.pod === pod),
        log,
      ),
    ),
  );
  return accepted.every(Boolean);
};
