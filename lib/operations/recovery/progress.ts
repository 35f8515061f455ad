/** What a recovery has done and reached so far, for people and for the report. */
import type { Region } from '../../topology/types';
import type { RegionSeen } from './observation';
import { CONTROL_PLANE, HOLD, type Step } from './plan';
import { tierState } from './state';
import type { Tier } from './tiers';

export interface StageReport {
  readonly stage: string;
  /** Seconds after the start at which it was found to serve. */
  readonly verifiedAt: number;
  /** What was done for it; empty: it served, or came by itself. */
  readonly steps: readonly string[];
}

export const describeStep = (step: Step): string => {
  switch (step.kind) {
    case 'start-control-plane':
      return 'start the control plane';
    case 'start-machine':
      return `start ${step.machine}`;
    case 'hold':
      return `hold ${step.tier.workload?.name ?? step.tier.id}: no pods until what it needs serves`;
    case 'remove-pod':
      return step.force ? `remove ${step.pod.name}, whose machine is off` : `restart ${step.pod.name}: what it needs serves now`;
    case 'release':
      return `release ${step.tier.workload?.name ?? step.tier.id}: ${step.replicas} pods`;
  }
};

/** The tiers that serve, up to the first that does not. */
const serving = (tiers: readonly Tier[], region: Region, seen: RegionSeen): readonly Tier[] => {
  if (seen.controlPlane === 'down') return [];
  const first = tiers.findIndex((tier) => !tierState(tier, region, seen).enough);
  return first === -1 ? tiers : tiers.slice(0, first);
};

export class RecoveryProgress {
  private readonly reports: StageReport[] = [];
  private readonly steps = new Map<string, string[]>();

  did(stage: string, step: Step): void {
    this.steps.set(stage, [...(this.steps.get(stage) ?? []), describeStep(step)]);
  }

  get didNothing(): boolean {
    return this.steps.size === 0;
  }

  get stages(): readonly StageReport[] {
    return this.reports;
  }

  /** @returns the stages that are found to serve for the first time */
  reached(tiers: readonly Tier[], region: Region, seen: RegionSeen, seconds: number): readonly string[] {
    const before = [CONTROL_PLANE, HOLD].filter((stage) => this.steps.has(stage) && seen.controlPlane === 'up');
    const held = seen.machines.some(({ state }) => state !== 'off') ? before : before.filter((stage) => stage !== HOLD);
    const now = [...held, ...serving(tiers, region, seen).map(({ id }) => id)];
    const fresh = now.filter((stage) => this.reports.every((known) => known.stage !== stage));
    for (const stage of fresh) this.reports.push({ stage, verifiedAt: Math.round(seconds * 100) / 100, steps: this.steps.get(stage) ?? [] });
    return fresh;
  }
}
