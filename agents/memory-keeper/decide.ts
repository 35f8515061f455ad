/** What is done about memory: a pure function of what pods use and of what was done before. */
import type { KeptWorkload, MemoryKeeperConfig } from '../../lib/services/memory-keeper';

/** One pod of a workload. */
export interface PodMemory {
  readonly name: string;
  /** Never used again: a pod that comes after it under the same name is another one. */
  readonly uid: string;
  readonly workload: string;
  readonly ready: boolean;
  /** On its way out. */
  readonly leaving: boolean;
  /** Of its container's limit, the fullest one; undefined: not known, which is not zero. */
  readonly percent: number | undefined;
  /** When that was measured, milliseconds; undefined: not known. */
  readonly measuredAt: number | undefined;
}

/** What the keeper remembers from look to look. */
export interface Memory {
  /** By uid: figures above the restart's mark in a row, and when the last of them was measured. */
  readonly above: ReadonlyMap<string, { readonly count: number; readonly measuredAt: number }>;
  /** By uid: when it was warned of last, milliseconds. */
  readonly warned: ReadonlyMap<string, number>;
  /** By workload: when one of its pods was replaced last, milliseconds. */
  readonly restarted: ReadonlyMap<string, number>;
}

export type Action =
  | { readonly kind: 'warn'; readonly pod: PodMemory; readonly because: string }
  | { readonly kind: 'restart'; readonly pod: PodMemory; readonly because: string }
  | { readonly kind: 'hold'; readonly pod: PodMemory; readonly because: string };

export const nothingRemembered: Memory = { above: new Map(), warned: new Map(), restarted: new Map() };

type Settings = Pick<MemoryKeeperConfig, 'workloads' | 'confirmations' | 'staleSeconds' | 'pauseSeconds' | 'warnEverySeconds'>;
type Known = PodMemory & { readonly percent: number; readonly measuredAt: number };

const isKnown = (pod: PodMemory, now: number, staleSeconds: number): pod is Known =>
  pod.percent !== undefined && pod.measuredAt !== undefined && now - pod.measuredAt <= staleSeconds * 1000;

const percentText = (percent: number): string => `${percent.toFixed(0)} % of its memory limit`;

/** The same figure, read twice, counts once. */
const countAbove = (pod: Known, memory: Memory, mark: number): { readonly count: number; readonly measuredAt: number } | undefined => {
  if (pod.percent < mark) return undefined;
  const before = memory.above.get(pod.uid);
  if (before === undefined) return { count: 1, measuredAt: pod.measuredAt };
  return before.measuredAt === pod.measuredAt ? before : { count: before.count + 1, measuredAt: pod.measuredAt };
};

/** Why none of the workload's pods may be replaced now; undefined: one may. */
const obstacle = (candidate: PodMemory, pods: readonly PodMemory[], memory: Memory, settings: Settings, now: number): string | undefined => {
  const last = memory.restarted.get(candidate.workload);
  if (last !== undefined && now - last < settings.pauseSeconds * 1000) return `another one was replaced ${Math.round((now - last) / 1000)} s ago`;
  const others = pods.filter(({ uid }) => uid !== candidate.uid);
  const missing = others.filter(({ ready, leaving }) => !ready || leaving);
  if (missing.length > 0) return `${missing.map(({ name }) => name).join(', ')} does not serve`;
  return others.length === 0 ? 'nobody else would serve' : undefined;
};

const decideWorkload = (
  workload: KeptWorkload,
  pods: readonly PodMemory[],
  memory: Memory,
  above: Memory['above'],
  settings: Settings,
  now: number,
): Action[] => {
  const known = pods.filter((pod) => !pod.leaving).filter((pod) => isKnown(pod, now, settings.staleSeconds));
  const full = known
    .filter(({ uid }) => (above.get(uid)?.count ?? 0) >= settings.confirmations)
    // The fullest first: it has the least time.
    .sort((a, b) => b.percent - a.percent);
  const [first] = full;
  const warnings = known
    .filter(({ uid, percent }) => percent >= workload.warnPercent && now - (memory.warned.get(uid) ?? -Infinity) >= settings.warnEverySeconds * 1000)
    .map((pod): Action => ({ kind: 'warn', pod, because: `${percentText(pod.percent)}; told from ${workload.warnPercent} % on` }));
  if (first === undefined) return warnings;
  const because = `${percentText(first.percent)}; replaced from ${workload.restartPercent} % on`;
  const why = obstacle(first, pods, memory, settings, now);
  return [...warnings, why === undefined ? { kind: 'restart', pod: first, because } : { kind: 'hold', pod: first, because: `${because}, but ${why}` }];
};

export interface Decision {
  readonly actions: readonly Action[];
  /** Before anything was done: `done` adds that. */
  readonly memory: Memory;
}

/** At most one restart per workload, the warnings that are due, and why a restart that is wanted has to wait. */
export const decide = (pods: readonly PodMemory[], memory: Memory, settings: Settings, now: number): Decision => {
  const kept = settings.workloads.map((workload) => ({ workload, own: pods.filter((pod) => pod.workload === workload.name) }));
  const above = new Map(
    kept.flatMap(({ workload, own }) =>
      own.flatMap((pod) => {
        // What is not known now has not fallen: the count stays.
        const count = isKnown(pod, now, settings.staleSeconds) ? countAbove(pod, memory, workload.restartPercent) : memory.above.get(pod.uid);
        return count === undefined ? [] : [[pod.uid, count] as const];
      }),
    ),
  );
  const uids = new Set(pods.map(({ uid }) => uid));
  const warned = new Map([...memory.warned].filter(([uid]) => uids.has(uid)));
  const actions = kept.flatMap(({ workload, own }) => decideWorkload(workload, own, memory, above, settings, now));
  return { actions, memory: { above, warned, restarted: memory.restarted } };
};

/** The memory after an action was carried out. */
export const done = (memory: Memory, { kind, pod }: Action, now: number): Memory => {
  if (kind === 'warn') return { ...memory, warned: new Map([...memory.warned, [pod.uid, now]]) };
  if (kind === 'restart') return { ...memory, restarted: new Map([...memory.restarted, [pod.workload, now]]) };
  return memory;
};
