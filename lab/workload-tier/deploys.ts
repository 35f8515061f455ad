/** The drills good-deploy and bad-deploy: releases are deployed as users deploy them, and serve or are taken back by themselves. */
import { elementAt } from '../../lib/drill/element';
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import type { HttpAttempt } from '../../lib/drill/workloads/history';
import { WORKLOAD_CONSTANTS } from '../../lib/topology/budget/constants-workloads';
import { releaseServesWithin, takenBackWithin, type BadRelease } from '../../lib/topology/workload-timings';
import type { Procedure } from '../drill/procedures/procedure';
import { now } from '../meter/clock';
import { judged, within } from './outcome';
import { deployRelease, isTakenBack, isWhole, putReleaseBack, readRollout } from './rollout';
import { holdUntil, pause, runWorkloadDrill, type WorkloadStage } from './stage';

/** Waited for a little longer than it may take, so that it can be said how long it took. */
const PATIENCE_SECONDS = 30;
/** So long only the new release is looked at. */
const NEW_ALONE_SECONDS = 3;

/** @returns seconds, or null: not in time */
const deployAndHold = async (stage: WorkloadStage, change: () => Promise<unknown>, atMost: number, until: typeof isWhole): Promise<number | null> => {
  const { context, workload } = stage;
  const began = now();
  await change();
  const done = await holdUntil(stage, atMost + PATIENCE_SECONDS, async () => until(await readRollout(context.api, workload.name)));
  return done === null ? null : done - began;
};

const servedAlone = (attempts: readonly HttpAttempt[], release: string, from: number, to: number): Finding => {
  const releases = new Set(attempts.flatMap((a) => (a.start > from && a.t < to && a.release !== null ? [a.release] : [])));
  return releases.size === 1 && releases.has(release)
    ? pass('new-release-serves', `${release}, and no other`)
    : fail('new-release-serves', `${[...releases].join(', ') || 'none'} answered once ${release} had been deployed`);
};

export const goodDeploy: Procedure = async (context) => {
  const { lab, api, seed, progress } = context;
  const next = `good-${seed}`;
  let took: number | null = null;
  let back: number | null = null;
  let window = { from: 0, to: 0 };
  const run = await runWorkloadDrill(context, async (stage) => {
    const allowed = releaseServesWithin(stage.workload);
    took = await deployAndHold(stage, () => deployRelease(lab, api, stage.workload.name, { RELEASE: next }), allowed, isWhole);
    progress(`the new release ${took === null ? 'does not serve in time' : `serves after ${took.toFixed(1)} s`}`);
    await pause(stage, WORKLOAD_CONSTANTS.releaseSwitched.upper);
    const from = now();
    await pause(stage, NEW_ALONE_SECONDS);
    window = { from, to: now() };
    back = await deployAndHold(stage, () => putReleaseBack(lab, api), allowed, isWhole);
    return {};
  });
  const { release, workload } = run.stage;
  const allowed = releaseServesWithin(workload);
  return judged(run, {
    withoutRetries: true,
    releases: { allowed: [release, next], atEnd: release },
    findings: [
      within('deployed', took, allowed, 'the new release served'),
      servedAlone(run.history.attempts, next, window.from, window.to),
      within('deployed-back', back, allowed, 'the release before it served'),
    ],
    extra: { deploySeconds: took, deployBackSeconds: back },
  });
};

interface Variant {
  readonly why: BadRelease;
  /** What makes the same image a release of this kind. */
  readonly variables: Readonly<Record<string, string>>;
}

const VARIANTS: readonly Variant[] = [
  { why: 'never-ready', variables: { FAULTS_INITIAL: '{"unready":true}' } },
  { why: 'failing-requests', variables: { FAULTS_INITIAL: '{"errorPercent":10}' } },
  // Refuses its configuration, and ends.
  { why: 'crash-loop', variables: { PORT: '0' } },
];

export const badDeploy: Procedure = async (context) => {
  const { lab, api, seed, progress } = context;
  const { why, variables } = elementAt(VARIANTS, seed % VARIANTS.length);
  let took: number | null = null;
  const run = await runWorkloadDrill(context, async (stage) => {
    const allowed = takenBackWithin(stage.workload, why);
    took = await deployAndHold(stage, () => deployRelease(lab, api, stage.workload.name, { ...variables, RELEASE: `bad-${seed}` }), allowed, isTakenBack);
    progress(`${why}: ${took === null ? 'not taken back in time' : `taken back after ${took.toFixed(1)} s`}`);
    await pause(stage, NEW_ALONE_SECONDS);
    const healedAt = now();
    await putReleaseBack(lab, api);
    return { healedAt };
  });
  return judged(run, {
    withoutRetries: true,
    findings: [within('taken-back', took, takenBackWithin(run.stage.workload, why), 'the bad release was taken back')],
    extra: { variant: why, takenBackSeconds: took },
  });
};
