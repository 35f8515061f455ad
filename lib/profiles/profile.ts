/** What a shipped profile is: everything around a service, so that its users bring an image and nothing else. To add one, write a file beside this one. */
import type { Scenario } from '../topology/scenarios';
import type { RetentionPolicy } from '../topology/types';
import type { WorkloadInput } from '../topology/types-workloads';

export interface Profile {
  /** For `workloads` of an environment. */
  readonly workloads: readonly WorkloadInput[];
  /** For `maintenance.retention`. */
  readonly retention: readonly RetentionPolicy[];
  /** Rows of the catalogue that it meets. */
  readonly requirements: readonly string[];
  /** What proves that it does: names for `drills`. */
  readonly drills: readonly Scenario[];
}

/** What a user says about a service: its image, and whatever is to differ from the profile. */
export type ProfileInput = Partial<Omit<WorkloadInput, 'image'>> & Pick<WorkloadInput, 'image'>;

const SECTIONS = ['resources', 'memory', 'scaling', 'drain', 'environment'] as const;

/** The profile's workload with the user's changes: sections field by field, lists as a whole. */
export const adjusted = (workload: WorkloadInput, changes: Partial<WorkloadInput>): WorkloadInput => {
  const sections = Object.fromEntries(
    SECTIONS.filter((key) => workload[key] !== undefined && changes[key] !== undefined).map((key) => [key, { ...workload[key], ...changes[key] }]),
  );
  const probes = {
    readiness: { ...workload.probes?.readiness, ...changes.probes?.readiness },
    liveness: { ...workload.probes?.liveness, ...changes.probes?.liveness },
    startup: { ...workload.probes?.startup, ...changes.probes?.startup },
  };
  const rollout = { ...workload.rollout, ...changes.rollout, analysis: { ...workload.rollout?.analysis, ...changes.rollout?.analysis } };
  return { ...workload, ...changes, ...sections, probes, rollout };
};

/** A probe like the profile's default with another path. */
export const probesAt = (readiness: string, liveness = readiness): NonNullable<WorkloadInput['probes']> => ({
  readiness: { path: readiness },
  liveness: { path: liveness },
  startup: { path: liveness },
});

/** Part of a whole over five minutes; no answer while the whole is 0, so that a quiet night wakes nobody. */
export const shareAbove = (part: string, whole: string, share: number): string => `sum(rate(${part}[5m])) / (sum(rate(${whole}[5m])) > 0) > ${share}`;
