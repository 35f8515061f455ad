/** The drill clock-step: one pod's clock is wrong, then every node's clock seems to be. */
import { judgeClocks, type ClockAlertTimes, type ClockAnswer, type ClockHistory } from '../../lib/drill/workloads/clocks';
import { unknown } from '../../lib/drill/verdict';
import { CLOCK_DRILL } from '../../lib/topology/budget/constants-workloads';
import type { Procedure } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { behaveAgain, misbehave } from '../faults/misbehaviour';
import { now } from '../meter/clock';
import { newReceipt, newUser, signedHeaders } from '../meter/signing';
import type { LabSettings } from '../settings';
import { clockAlert, clockSight, firesAfter, turnTimeServers } from './clock-monitors';
import { judged } from './outcome';
import { baseOf, gatewayPods, workloadPods, type PlacedPod } from './pods';
import { deployRelease, isWhole, readRollout } from './rollout';
import { watchRotation } from './rotation';
import { holdUntil, pause, runWorkloadDrill, type WorkloadStage } from './stage';

const ANSWER_MS = 5000;
const { lifetimeSeconds, toleranceSeconds, offSeconds, farOffSeconds, turnedSeconds } = CLOCK_DRILL;
/** A challenge that a slow pod issues is good for so long still when it is issued; it is handed in after it, and within the tolerance. */
const LEFT_SECONDS = 0.4;
const HANDED_IN_AFTER_SECONDS = 0.6;
/** A look of the monitors, three servers that may be silent, and the drill's own looks. */
const LOOK_SLACK_SECONDS = 6;

/** Within so long every monitor has looked at a change, and the drill at every monitor. */
const lookSeconds = ({ environment }: LabSettings): number => environment.clocks.checkEvery + LOOK_SLACK_SECONDS;

/** Asks pods past the gateway. Each request comes from another address: what is drilled is not how much one may ask. */
class Asker {
  private asked = 0;

  constructor(private readonly stage: WorkloadStage) {}

  private async ask(pod: PlacedPod, method: 'GET' | 'POST', path: string, body?: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const { workload, door, context } = this.stage;
    this.asked += 1;
    // Documentation addresses (RFC 2544): nobody’s, and others in each run.
    const address = `198.19.${context.seed % 250}.${this.asked % 250}`;
    return fetch(`${baseOf(workload, pod)}${door.base}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), 'x-forwarded-for': address, ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  }

  /** @returns null: there was no answer, and why is told */
  private async statusOf(answer: Promise<Response>): Promise<number | null> {
    try {
      return (await answer).status;
    } catch (error) {
      this.stage.context.progress(`no answer: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }

  /** @throws Error when none is issued */
  async challenge(pod: PlacedPod): Promise<string> {
    const answer = await this.ask(pod, 'POST', '/challenges', '{}');
    const { nonce } = (await answer.json()) as { readonly nonce?: string };
    if (answer.status !== 201 || nonce === undefined) throw new Error(`${pod.name} issued no challenge: status ${answer.status}`);
    return nonce;
  }

  /** A challenge of one pod, and what another says to a receipt for it after a while. */
  async receipt(what: string, expected: number, from: PlacedPod, to: PlacedPod, after = 0, within: number | null = null): Promise<ClockAnswer> {
    const began = now();
    const nonce = await this.challenge(from);
    if (after > 0) await pause(this.stage, after);
    return { what, expected, status: await this.statusOf(this.ask(to, 'POST', '/receipts', newReceipt(nonce))), seconds: now() - began, within };
  }

  async signed(what: string, expected: number, pod: PlacedPod): Promise<ClockAnswer> {
    const began = now();
    const path = '/orders/00000000-0000-4000-8000-000000000000';
    const status = await this.statusOf(this.ask(pod, 'GET', path, undefined, signedHeaders(newUser(), 'GET', `${this.stage.door.base}${path}`)));
    return { what, expected, status, seconds: now() - began, within: null };
  }
}

interface Pair {
  readonly off: PlacedPod;
  readonly right: PlacedPod;
}

const pairOf = async ({ context: { lab, api, seed }, workload }: WorkloadStage): Promise<Pair> => {
  const pods = (await workloadPods(lab, api, workload)).filter(({ ready }) => ready);
  const [off, right] = [pods[seed % Math.max(1, pods.length)], pods[(seed + 1) % Math.max(1, pods.length)]];
  if (off === undefined || right === undefined || off.name === right.name) throw new NotSteadyError('two pods have to be ready');
  return { off, right };
};

const setClock = async ({ context, workload }: WorkloadStage, { off }: Pair, seconds: number, unready = false): Promise<void> => {
  context.progress(`the clock of ${off.name} is ${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead'}`);
  await misbehave(context.lab, baseOf(workload, off), { clockOffsetMs: seconds * 1000, unready });
};

/** Pods of one release, whose challenges are short-lived: a clock may then be off by more than their life and by less than a signature's. */
const podWithWrongClock = async (stage: WorkloadStage, asker: Asker): Promise<Omit<ClockHistory, 'alert'>> => {
  const pair = await pairOf(stage);
  const { off, right } = pair;
  await setClock(stage, pair, LEFT_SECONDS - lifetimeSeconds);
  const within = LEFT_SECONDS + toleranceSeconds;
  const tolerated = [await asker.receipt('handed in within the tolerance after its end', 201, off, right, HANDED_IN_AFTER_SECONDS, within)];
  await setClock(stage, pair, -offSeconds);
  const slow = [
    await asker.receipt('issued by a pod that is behind, judged by one that is right', 410, off, right),
    await asker.receipt('issued by one that is right, judged by a pod that is behind', 201, right, off),
  ];
  await setClock(stage, pair, offSeconds);
  const fast = [
    await asker.receipt('issued by one that is right, judged by a pod that is ahead', 410, right, off),
    await asker.receipt('issued by a pod that is ahead, judged by one that is right', 201, off, right),
  ];
  const far = await farOff(stage, pair, asker);
  await behaveAgain(stage.context.lab);
  const healed = [await asker.receipt('judged by the pod that is right again', 201, right, off), await asker.signed('signed now', 404, off)];
  return { tolerated, wrong: [...slow, ...fast, ...far], healed };
};

/** Out of rotation first: no user is to meet it. */
const farOff = async (stage: WorkloadStage, pair: Pair, asker: Asker): Promise<readonly ClockAnswer[]> => {
  const { lab, api } = stage.context;
  const rotation = watchRotation(
    (await gatewayPods(lab, api)).map(({ address }) => address),
    [pair.off.address],
  );
  try {
    await setClock(stage, pair, 0, true);
    const out = await holdUntil(stage, 20, () => Promise.resolve(rotation.outAt() !== null), 0.1);
    if (out === null) throw new Error(`the gateways have not taken ${pair.off.name} out of rotation`);
    await setClock(stage, pair, farOffSeconds, true);
    return [await asker.signed('signed now, judged by a pod that is a minute and a half ahead', 401, pair.off)];
  } finally {
    await rotation.stop();
  }
};

/** Nobody may touch this machine's clock: the servers that say what time it is are turned, which looks the same to every monitor. */
const monitors = async (stage: WorkloadStage): Promise<ClockAlertTimes> => {
  const { lab, api, progress } = stage.context;
  const { for: pending } = clockAlert(lab);
  const look = lookSeconds(lab);
  await turnTimeServers(lab, 1, turnedSeconds);
  const firedForOne = (await holdUntil(stage, pending + look, async () => (await clockSight(lab, api)).firing > 0)) !== null;
  const turnedAt = now();
  await turnTimeServers(lab, lab.environment.clocks.sources.length, turnedSeconds);
  const firedSeconds = await firesAfter(stage, turnedAt, pending + 2 * look);
  const { offsetSeconds } = await clockSight(lab, api);
  progress(`every time server is ${turnedSeconds} s ahead: ${firedSeconds === null ? 'no alert' : `the alert fires after ${firedSeconds.toFixed(1)} s`}`);
  const healedAt = now();
  await turnTimeServers(lab, 0, 0);
  const resolved = await holdUntil(stage, 2 * look, async () => (await clockSight(lab, api)).firing === 0);
  return { firedForOne, firedSeconds, resolvedSeconds: resolved === null ? null : resolved - healedAt, offsetSeconds };
};

export const clockStep: Procedure = async (context) => {
  const { lab, api, seed, progress } = context;
  const next = `clock-${seed}`;
  const found: { history?: ClockHistory } = {};
  const run = await runWorkloadDrill(context, async (stage) => {
    const { name } = stage.workload;
    progress(`deploys a release whose challenges are good for ${lifetimeSeconds} s`);
    await deployRelease(lab, api, name, { RELEASE: next, CHALLENGE_SECONDS: String(lifetimeSeconds) });
    await holdUntil(stage, 180, async () => isWhole(await readRollout(api, name)));
    const ofPods = await podWithWrongClock(stage, new Asker(stage));
    found.history = { ...ofPods, alert: await monitors(stage) };
    return {};
  });
  const { history } = found;
  const look = lookSeconds(lab);
  return judged(run, {
    releases: { allowed: [run.stage.release, next], atEnd: run.stage.release },
    findings:
      history === undefined
        ? [unknown('clock-wrong', 'the drill ended before')]
        : judgeClocks(history, { fireWithinSeconds: clockAlert(lab).for + look, resolveWithinSeconds: look, turnedSeconds }),
    extra: {
      clockAnswers: history === undefined ? [] : [...history.tolerated, ...history.wrong, ...history.healed],
      alertFiredSeconds: history?.alert.firedSeconds ?? null,
      alertOverSeconds: history?.alert.resolvedSeconds ?? null,
    },
  });
};
