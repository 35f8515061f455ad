/** Look, decide, act, until the region is whole: the loop around `decide`. Every port is handed in. */
import type { RegionSeen } from '../../lib/operations/recovery/observation';
import { decide, type Policy, type Step } from '../../lib/operations/recovery/plan';
import { describeStep, RecoveryProgress, type StageReport } from '../../lib/operations/recovery/progress';
import type { Tier } from '../../lib/operations/recovery/tiers';
import type { Region } from '../../lib/topology/types';

export interface RecoveryPorts {
  readonly look: () => Promise<RegionSeen>;
  readonly carryOut: (step: Step) => Promise<void>;
  /** Seconds; never goes back. */
  readonly clock: () => number;
  readonly sleep: (seconds: number) => Promise<void>;
  readonly progress: (line: string) => void;
}

export interface RecoveryOptions {
  readonly tiers: readonly Tier[];
  readonly region: Region;
  readonly policy: Policy;
  /** Given up after so many seconds. */
  readonly withinSeconds: number;
}

export interface RecoveryReport {
  /** `serving`: every tier serves, and something is still missing. */
  readonly outcome: 'nothing to do' | 'whole' | 'serving' | 'refused' | 'timed out';
  readonly seconds: number;
  readonly stages: readonly StageReport[];
  /** What is missing, or why it was refused. */
  readonly missing: readonly string[];
}

/** Between two looks. */
const PAUSE_SECONDS = 0.3;
/** Every tier serves: so long is waited for the rest. */
const PATIENCE_SECONDS = 60;

/** Together: those of one stage don't depend on each other. @returns why some of them failed; the next look tells whether they are still needed */
const act = async (stage: string, steps: readonly Step[], ports: RecoveryPorts, progress: RecoveryProgress): Promise<readonly string[]> => {
  for (const step of steps) {
    ports.progress(`${stage}: ${describeStep(step)}`);
    progress.did(stage, step);
  }
  const results = await Promise.allSettled(steps.map((step) => ports.carryOut(step)));
  return results.flatMap((result) => (result.status === 'fulfilled' ? [] : [result.reason instanceof Error ? result.reason.message : String(result.reason)]));
};

export const recover = async ({ tiers, region, policy, withinSeconds }: RecoveryOptions, ports: RecoveryPorts): Promise<RecoveryReport> => {
  const start = ports.clock();
  const progress = new RecoveryProgress();
  const seconds = (): number => Math.round((ports.clock() - start) * 100) / 100;
  const report = (outcome: RecoveryReport['outcome'], missing: readonly string[] = []): RecoveryReport => ({
    outcome,
    seconds: seconds(),
    stages: progress.stages,
    missing,
  });
  let servingSince: number | undefined;
  let told = '';
  let failures: readonly string[] = [];
  for (;;) {
    const seen = await ports.look();
    for (const stage of progress.reached(tiers, region, seen, seconds())) ports.progress(`${stage}: serves`);
    const decision = decide(tiers, region, seen, policy);
    if (decision.kind === 'whole') return report(progress.didNothing && servingSince === undefined ? 'nothing to do' : 'whole');
    if (decision.kind === 'refuse') return report('refused', [decision.because]);
    const missing = decision.kind === 'act' ? failures : decision.missing;
    servingSince = decision.kind === 'serving' ? (servingSince ?? seconds()) : undefined;
    if (servingSince !== undefined && seconds() - servingSince > PATIENCE_SECONDS) return report('serving', missing);
    if (seconds() > withinSeconds) return report('timed out', missing);
    if (decision.kind === 'act') {
      failures = await act(decision.stage, decision.steps, ports, progress);
      for (const failure of failures) ports.progress(`${decision.stage}: ${failure}; it is tried again`);
    } else if (told !== (told = missing.join('; '))) ports.progress(`waiting for ${told}`);
    await ports.sleep(PAUSE_SECONDS);
  }
};
