/**
 * What to do next to bring a region back: a pure function of what is seen, asked again after every step. So it can be interrupted anywhere and started again,
 * and has nothing to do where nothing is missing.
 *
 * A region that is off altogether is held first: its workloads are told to have no pods, so that machines that come back start nothing by themselves. Then each tier is
 * released when the tiers it needs serve. In a region that runs in part, nothing is held: what runs is left alone.
 */
import type { Region } from '../../topology/types';
import type { PodSeen, RegionSeen } from './observation';
import { readyPods, tierState } from './state';
import type { Tier } from './tiers';

export type Step =
  | { readonly kind: 'start-control-plane' }
  | { readonly kind: 'start-machine'; readonly machine: string }
  /** No pods: they were on machines that are off. */
  | { readonly kind: 'hold'; readonly tier: Tier }
  /** `force`: without its kubelet's word, because its machine is off. */
  | { readonly kind: 'remove-pod'; readonly pod: PodSeen; readonly force: boolean }
  /** `anew`: it has no pod at all, so whoever is still registered somewhere as one of them is gone. */
  | { readonly kind: 'release'; readonly tier: Tier; readonly replicas: number; readonly anew: boolean };

export type Decision =
  | { readonly kind: 'whole' }
  /** Every tier serves, and something is missing that nobody needs to wait for. */
  | { readonly kind: 'serving'; readonly missing: readonly string[] }
  | { readonly kind: 'act'; readonly stage: string; readonly steps: readonly Step[] }
  | { readonly kind: 'wait'; readonly stage: string; readonly missing: readonly string[] }
  | { readonly kind: 'refuse'; readonly stage: string; readonly because: string };

export interface Policy {
  /** Whether somebody here can start control plane and machines; otherwise they are waited for. */
  readonly startsMachines: boolean;
  /** Why no member of this region may become a writable primary, or null. */
  readonly primaryForbidden: string | null;
}

export const HOLD = 'hold';
export const CONTROL_PLANE = 'control-plane';

/** Off altogether: every machine is known to be off. A machine that merely says nothing may run a database. */
const isCold = (seen: RegionSeen): boolean => seen.machines.length > 0 && seen.machines.every(({ state }) => state === 'off');

const scalable = (tiers: readonly Tier[]): readonly Tier[] => {
  const names = new Set<string>();
  return tiers.filter(({ workload }) => {
    if (workload === null || workload.kind === 'DaemonSet' || names.has(workload.name)) return false;
    names.add(workload.name);
    return true;
  });
};

const podsOf = (tiers: readonly Tier[], seen: RegionSeen): readonly PodSeen[] => {
  const all = tiers.flatMap(({ id }) => seen.workloads[id]?.pods ?? []);
  return all.filter((pod, i) => all.findIndex(({ name, namespace }) => name === pod.name && namespace === pod.namespace) === i);
};

/** Before any machine is started: nothing may start by itself. */
const holdSteps = (tiers: readonly Tier[], seen: RegionSeen): readonly Step[] => {
  if (!isCold(seen)) return [];
  const held = scalable(tiers).filter(({ id }) => (seen.workloads[id]?.replicas ?? 0) > 0);
  // First all workloads, then their pods: a pod whose workload still wants it comes again.
  if (held.length > 0) return held.map((tier): Step => ({ kind: 'hold', tier }));
  // A DaemonSet's pod does come again, on the same machine, and waits there to be started: what it says of itself is true then.
  const left = podsOf(tiers, seen).filter((pod) => pod.machine !== null && (pod.started || pod.leaving));
  return left.map((pod): Step => ({ kind: 'remove-pod', pod, force: true }));
};

/** Machines that are off while others run. */
const machineSteps = (seen: RegionSeen, { startsMachines }: Policy): readonly Step[] =>
  startsMachines ? seen.machines.filter(({ state }) => state === 'off').map(({ name }): Step => ({ kind: 'start-machine', machine: name })) : [];

const releaseSteps = (tier: Tier, seen: RegionSeen): readonly Step[] => {
  const workload = seen.workloads[tier.id];
  if (tier.workload === null || tier.workload.kind === 'DaemonSet' || workload === undefined || workload.replicas >= tier.members) return [];
  const anew = workload.replicas === 0 && workload.pods.length === 0;
  if (!tier.oneAtATime) return [{ kind: 'release', tier, replicas: tier.members, anew }];
  return readyPods(tier, seen).length >= workload.replicas ? [{ kind: 'release', tier, replicas: workload.replicas + 1, anew }] : [];
};

/** What it needs serves by now: a pod that waits out its back-off is started anew, at once. */
const restartSteps = (tier: Tier, seen: RegionSeen): readonly Step[] =>
  (seen.workloads[tier.id]?.pods ?? []).filter((pod) => pod.backingOff && !pod.leaving).map((pod): Step => ({ kind: 'remove-pod', pod, force: false }));

const stepsFor = (tier: Tier, seen: RegionSeen, policy: Policy): readonly Step[] =>
  tier.kind === 'machines' ? machineSteps(seen, policy) : [...releaseSteps(tier, seen), ...restartSteps(tier, seen)];

const FIRST_WRITER: Tier['kind'] = 'database-primary';

export const decide = (tiers: readonly Tier[], region: Region, seen: RegionSeen, policy: Policy): Decision => {
  if (seen.controlPlane === 'down') {
    if (policy.startsMachines) return { kind: 'act', stage: CONTROL_PLANE, steps: [{ kind: 'start-control-plane' }] };
    return { kind: 'wait', stage: CONTROL_PLANE, missing: ['the Kubernetes API does not answer'] };
  }
  const hold = holdSteps(tiers, seen);
  if (hold.length > 0) return { kind: 'act', stage: HOLD, steps: hold };
  for (const tier of tiers) {
    const { whole, enough, missing } = tierState(tier, region, seen);
    if (whole && releaseSteps(tier, seen).length === 0) continue;
    // What runs already may lead already: refusing concerns a primary that is still to be made.
    if (tier.kind === FIRST_WRITER && !enough && policy.primaryForbidden !== null) return { kind: 'refuse', stage: tier.id, because: policy.primaryForbidden };
    const steps = stepsFor(tier, seen, policy);
    if (steps.length > 0) return { kind: 'act', stage: tier.id, steps };
    if (!enough) return { kind: 'wait', stage: tier.id, missing };
  }
  const missing = tiers.flatMap((tier) => tierState(tier, region, seen).missing);
  return missing.length === 0 ? { kind: 'whole' } : { kind: 'serving', missing: [...new Set(missing)] };
};
