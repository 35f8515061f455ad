/** The drills certificate-renewal and certificate-renewal-fails. */
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drillLifetimeSeconds } from '../../lib/drill/descriptions/certificates';
import { judgeFailing, toldOf, type Told } from '../../lib/drill/certificates/judge';
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import { summaryOf } from '../../lib/operations/certificates/chain';
import { GATEWAY_TLS_SECRET, PREVIOUS_TLS_SECRET } from '../../lib/services/certificates';
import { SERVED_WITHIN_SECONDS } from '../../lib/topology/budget/certificates';
import { GATEWAY } from '../../lib/topology/gateway';
import type { Acme } from '../../lib/topology/types';
import type { Procedure, ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { askOutside } from '../edge/control';
import { sleep } from '../exec';
import { arm, disarm } from '../faults/dead-man';
import { healEverything } from '../faults/heal';
import { now } from '../meter/clock';
import { judged, within } from '../workload-tier/outcome';
import { gatewayPods } from '../workload-tier/pods';
import { holdUntil, pause, runWorkloadDrill, type WorkloadStage } from '../workload-tier/stage';
import { acmeSettings } from './settings';
import { askForAnother, installedChain, monitorSight, renewerSight } from './sight';
import { startForgetful } from './start';

const RENEWALS = 2;
/** After the monitor's look, which comes every `checkEvery`. */
const SLACK_SECONDS = 5;

const acmeOf = ({ lab }: ProcedureContext): Acme => {
  if (lab.environment.acme === null) throw new NotSteadyError('the environment renews no certificate');
  return lab.environment.acme;
};

const fingerprintIn = async ({ api }: ProcedureContext, secret: typeof GATEWAY_TLS_SECRET | typeof PREVIOUS_TLS_SECRET): Promise<string> => {
  const chain = await installedChain(api, secret);
  return chain === '' ? '' : summaryOf(chain).fingerprint;
};

/** Every gateway that there is serves it, and clients take it, as the monitor sees it. */
const isServed = async ({ lab, api }: ProcedureContext, isIt: (fingerprint: string) => boolean): Promise<boolean> => {
  const gateways = (await gatewayPods(lab, api)).length;
  const seen = (await monitorSight(api)).served.filter(({ component }) => component === GATEWAY);
  return (
    seen.length >= gateways && gateways > 0 && seen.every(({ certificate, level }) => certificate !== null && isIt(certificate.fingerprint) && level === 'ok')
  );
};

interface Renewed {
  readonly before: string;
  readonly after: string;
  /** Until every gateway served it; null: not in time. */
  readonly seconds: number | null;
}

const renewOnce = async (stage: WorkloadStage): Promise<Renewed> => {
  const { context } = stage;
  const before = await fingerprintIn(context, GATEWAY_TLS_SECRET);
  const from = now();
  await askForAnother(context.api);
  let after = before;
  const served = await holdUntil(stage, SERVED_WITHIN_SECONDS + SLACK_SECONDS, async () => {
    after = await fingerprintIn(context, GATEWAY_TLS_SECRET);
    return after !== before && (await isServed(context, (fingerprint) => fingerprint === after));
  });
  context.progress(served === null ? 'not served by every gateway in time' : `served by every gateway after ${(served - from).toFixed(1)} s`);
  return { before, after, seconds: served === null ? null : served - from };
};

const keptFinding = (kept: string, before: string): Finding =>
  kept === before
    ? pass('former-kept', 'the certificate before the last one is in gateway-tls-previous')
    : fail('former-kept', 'gateway-tls-previous has another certificate than the one that was replaced');

export const certificateRenewal: Procedure = async (context) => {
  const renewals: Renewed[] = [];
  let kept = '';
  const run = await runWorkloadDrill(context, async (stage) => {
    for (let i = 0; i < RENEWALS; i++) renewals.push(await renewOnce(stage));
    kept = await fingerprintIn(context, PREVIOUS_TLS_SECRET);
    // Connections of before are used on, and new ones are made with the new certificate.
    await pause(stage, 3);
    return {};
  });
  return judged(run, {
    withoutRetries: true,
    findings: [
      ...renewals.map(({ seconds }, i) => within(`renewed-${i + 1}`, seconds, SERVED_WITHIN_SECONDS, 'every gateway served the new certificate')),
      keptFinding(kept, renewals.at(-1)?.before ?? 'none'),
    ],
    extra: { renewalSeconds: renewals.map(({ seconds }) => seconds) },
  });
};

/** Asks until it is so, or the time is over. @returns when it was so, or null */
const waitFor = async ({ signal }: ProcedureContext, atMost: number, ask: () => Promise<boolean>): Promise<number | null> => {
  for (const deadline = now() + atMost; now() < deadline;) {
    signal.throwIfAborted();
    if (await ask().catch(() => false)) return now();
    await sleep(0.5);
  }
  return null;
};

/** A certificate that lives for minutes, served by every gateway. @returns when it ends, seconds since the epoch */
const serveShortLived = async (context: ProcedureContext, lifetime: number): Promise<number> => {
  const before = await fingerprintIn(context, GATEWAY_TLS_SECRET);
  // Its root is another one: what is installed is worth nothing any more, and is replaced at once.
  await startForgetful(context.lab, context.api, lifetime);
  const issued = await waitFor(context, SERVED_WITHIN_SECONDS, async () => (await fingerprintIn(context, GATEWAY_TLS_SECRET)) !== before);
  if (issued === null) throw new NotSteadyError('the short-lived certificate was not issued');
  const { fingerprint, notAfter } = summaryOf(await installedChain(context.api, GATEWAY_TLS_SECRET));
  const outOfReach = { name: 'zone-out-of-reach', effect: { kind: 'error', status: 503, code: 'ServiceUnavailable', share: 1 } };
  await askOutside(acmeSettings(context.lab).control, '/fault', outOfReach);
  const served = await waitFor(context, SERVED_WITHIN_SECONDS, () => isServed(context, (seen) => seen === fingerprint));
  if (served === null) throw new NotSteadyError('the short-lived certificate was not served by every gateway in time');
  return notAfter / 1000;
};

/** Notes what the monitor says until some time after the certificate's end. */
const watchIt = async (context: ProcedureContext, notAfter: number, tolerance: number): Promise<{ told: readonly Told[]; ready: boolean | null }> => {
  const told: Told[] = [];
  let ready: boolean | null = null;
  let last: number | null = null;
  let level = '';
  for (const end = notAfter + 3 * tolerance; now() < end;) {
    context.signal.throwIfAborted();
    await sleep(0.5);
    const sight = await monitorSight(context.api).catch(() => undefined);
    if (sight === undefined || sight.lookedAt === null || sight.lookedAt === last) continue;
    last = sight.lookedAt;
    const seen = toldOf(sight.lookedAt / 1000, sight.served, GATEWAY);
    told.push(...seen);
    await appendFile(join(context.directory, 'told.jsonl'), seen.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const levels = [...new Set(seen.map((s) => s.level))].join(', ');
    if (levels !== level) context.progress(`${(notAfter - now()).toFixed(0)} s before its end the monitor says ${levels}`);
    level = levels;
    if (now() > notAfter + tolerance) ready = (await gatewayPods(context.lab, context.api)).every((pod) => pod.ready);
  }
  return { told, ready };
};

export const certificateRenewalFails: Procedure = async (context) => {
  const { lab, api, drill, budgetUpperSeconds, progress } = context;
  const acme = acmeOf(context);
  const tolerance = acme.checkEvery + SLACK_SECONDS;
  if (!(await isServed(context, () => true).catch(() => false))) throw new NotSteadyError('the gateways do not serve a good certificate');
  await arm(lab, context.deadMan, drill.longestFaultSeconds);
  try {
    const notAfter = await serveShortLived(context, drillLifetimeSeconds(acme.thresholds.warning));
    progress(`a certificate is served that ends in ${(notAfter - now()).toFixed(0)} s, and none can be issued`);
    const { told, ready } = await watchIt(context, notAfter, tolerance);
    const before = await renewerSight(api);
    await startForgetful(lab, api);
    await healEverything(lab);
    const healedAt = now();
    progress('records can be made again; the authority has lost its accounts');
    const servedAt = await waitFor(context, Math.max(drill.objective.rto, budgetUpperSeconds) + SLACK_SECONDS, () => isServed(context, () => true));
    const after = await renewerSight(api);
    const judgedRun = judgeFailing({
      thresholds: acme.thresholds,
      notAfter,
      told,
      toleranceSeconds: tolerance,
      readyWhenExpired: ready,
      healedAt,
      servedAt,
      objectiveSeconds: drill.objective.rto,
      budgetUpperSeconds,
      accountsRegisteredAnew: after.accountsRegisteredAnew - before.accountsRegisteredAnew,
      failures: before.failures,
    });
    return { ...judgedRun, notes: [], extra: { lastFailure: before.lastFailure, tries: before.failures }, logs: [{ name: 'told', path: 'told.jsonl' }] };
  } finally {
    await healEverything(lab).finally(() => disarm(lab));
  }
};
