/** What a workload's Rollout says, and what has to be changed to go back: read from the objects as the API server returns them. */
export interface ReplicaSet {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly creationTimestamp: string;
    readonly ownerReferences?: readonly { readonly uid: string }[];
  };
  readonly spec: { readonly replicas?: number; readonly template: PodTemplate };
  readonly status: { readonly readyReplicas?: number };
}

export interface PodTemplate {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly containers: readonly { readonly image?: string }[] };
}

export interface Rollout {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: {
    readonly phase?: string;
    readonly message?: string;
    readonly abort?: boolean;
    readonly stableRS?: string;
    readonly currentPodHash?: string;
  };
}

const HASH_LABEL = 'rollouts-pod-template-hash';
const REVISION = 'rollout.argoproj.io/revision';

/** One release that the cluster still knows. */
export interface Release {
  readonly revision: number;
  readonly hash: string;
  readonly images: readonly string[];
  readonly pods: number;
  readonly ready: number;
  readonly created: string;
  /** `served`: users get it; `new`: it is checked, or was refused; `former`: it can be gone back to. */
  readonly state: 'served' | 'new' | 'former';
}

const releaseOf = (set: ReplicaSet, { status }: Rollout): Release => {
  const hash = set.metadata.labels?.[HASH_LABEL] ?? '';
  return {
    revision: Number(set.metadata.annotations?.[REVISION] ?? 0),
    hash,
    images: set.spec.template.spec.containers.map(({ image }) => image ?? ''),
    pods: set.spec.replicas ?? 0,
    ready: set.status.readyReplicas ?? 0,
    created: set.metadata.creationTimestamp,
    state: hash === status.stableRS ? 'served' : hash === status.currentPodHash ? 'new' : 'former',
  };
};

const own = (rollout: Rollout, sets: readonly ReplicaSet[]): readonly ReplicaSet[] =>
  sets.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === rollout.metadata.uid));

/** Newest first. */
export const releasesOf = (rollout: Rollout, sets: readonly ReplicaSet[]): readonly Release[] =>
  own(rollout, sets)
    .map((set) => releaseOf(set, rollout))
    .sort((a, b) => b.revision - a.revision);

/** Which release to go back to: the one asked for, else the newest that is neither served nor under way. */
export const releaseBefore = (releases: readonly Release[], revision?: number): Release | undefined =>
  revision === undefined ? releases.find(({ state }) => state === 'former') : releases.find((release) => release.revision === revision);

/** The change to the Rollout: that release's pods again, without what the controller has put on them. */
export const goBackTo = (release: Release, rollout: Rollout, sets: readonly ReplicaSet[]): object => {
  const set = own(rollout, sets).find(({ metadata }) => metadata.labels?.[HASH_LABEL] === release.hash);
  if (set === undefined) throw new Error(`no ReplicaSet has revision ${release.revision}`);
  const labels = Object.fromEntries(Object.entries(set.spec.template.metadata.labels ?? {}).filter(([label]) => label !== HASH_LABEL));
  return [{ op: 'replace', path: '/spec/template', value: { ...set.spec.template, metadata: { ...set.spec.template.metadata, labels } } }];
};

/** Neither under way nor taken back. */
export const isHealthy = ({ status }: Rollout): boolean => status.phase === 'Healthy' && status.abort !== true;
