/** The drill invalid-signature-flood. */
import { randomBytes } from 'node:crypto';
import { tally } from '../../lib/drill/edge/history';
import { costOfVerifying, judgeSignatures, shareOfVerifying, type CpuSpan, type SignatureHistory } from '../../lib/drill/edge/signatures';
import { FLOODERS, FORGED_PER_SECOND, FORGED_SECONDS } from '../../lib/topology/budget/constants-edge';
import type { Series } from '../../lib/services/exposition';
import type { Procedure } from '../drill/procedures/procedure';
import { now } from '../meter/clock';
import { newUser } from '../meter/signing';
import { judged } from '../workload-tier/outcome';
import { baseOf, workloadPods, type PlacedPod } from '../workload-tier/pods';
import { pause, runWorkloadDrill, type WorkloadStage } from '../workload-tier/stage';
import { startFlood } from './crowd';
import { besideFlood, seriesNow, unharmed } from './overload';
import { cpuOf, sumOf } from './pod-metrics';

const IDLE_SECONDS = 15;
/** Signatures that are all verified, past the gateway: each in another name and for another address, so that none is refused before. */
const CALIBRATED = 900;
const AT_ONCE = 6;
const VERIFIED = 'backend_signatures_verified_total';
const INVALID = { result: 'invalid' } as const;

/** Documentation addresses (RFC 2544): nobody’s. */
const addressOf = (n: number): string => `198.18.${Math.floor(n / 250) % 250}.${(n % 250) + 1}`;

const forge = async (stage: WorkloadStage, pod: PlacedPod, n: number): Promise<void> => {
  const body = JSON.stringify({
    nonce: randomBytes(32).toString('base64url'),
    submitter: newUser().did,
    result: randomBytes(32).toString('hex'),
    signature: randomBytes(64).toString('base64url'),
  });
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': addressOf(n) };
  const answer = await fetch(`${baseOf(stage.workload, pod)}${stage.door.base}/receipts`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  if (answer.status !== 401) throw new Error(`a forged receipt was answered ${answer.status} by ${pod.name}; allowed: 401`);
};

/** @throws Error when one of them is not verified and refused */
const calibrate = async (stage: WorkloadStage): Promise<void> => {
  const pods = await workloadPods(stage.context.lab, stage.context.api, stage.workload);
  let next = 0;
  // Other addresses in each run: the pods remember them.
  const first = (stage.context.seed * CALIBRATED) % 60_000;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < CALIBRATED; n = next++) {
      stage.context.signal.throwIfAborted();
      const pod = pods[n % pods.length];
      if (pod !== undefined) await forge(stage, pod, first + n);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
};

interface Look {
  readonly at: number;
  readonly series: readonly Series[];
}
const look = async (stage: WorkloadStage): Promise<Look> => ({ series: await seriesNow(stage), at: now() });
const span = (from: Look, to: Look): CpuSpan => ({ seconds: to.at - from.at, cpu: cpuOf(to.series) - cpuOf(from.series) });
const invalid = (from: Look, to: Look): number => sumOf(to.series, VERIFIED, INVALID) - sumOf(from.series, VERIFIED, INVALID);

const measure = async (stage: WorkloadStage): Promise<SignatureHistory> => {
  const began = await look(stage);
  await pause(stage, IDLE_SECONDS);
  const idle = await look(stage);
  await calibrate(stage);
  const calibrated = await look(stage);
  stage.context.progress(`${invalid(idle, calibrated)} signatures verified, ${(span(idle, calibrated).cpu * 1000).toFixed(0)} ms of processor time`);
  const flood = await startFlood(stage, { addresses: FLOODERS, what: 'forged-receipts', requestsPerSecond: FORGED_PER_SECOND });
  const before = await look(stage);
  const after = await besideFlood(stage, flood, async () => {
    await pause(stage, FORGED_SECONDS);
    return look(stage);
  });
  return {
    flood: await flood.stop(),
    idle: span(began, idle),
    calibration: span(idle, calibrated),
    calibrated: invalid(idle, calibrated),
    flooded: span(before, after),
    verified: invalid(before, after),
  };
};

export const invalidSignatureFlood: Procedure = async (context) => {
  let history: SignatureHistory | undefined;
  const run = await runWorkloadDrill(context, async (stage) => {
    history = await measure(stage);
    return {};
  });
  if (history === undefined) throw new Error('the drill ended before the flood did');
  return judged(run, {
    findings: [unharmed(run.history), ...judgeSignatures(history)],
    extra: {
      floodAnswers: tally(history.flood),
      verifiedSignatures: history.verified,
      cpuPerVerifiedSeconds: costOfVerifying(history),
      cpuShareOfVerifyingAll: shareOfVerifying(history),
    },
  });
};
