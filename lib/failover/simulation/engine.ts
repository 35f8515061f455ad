/** The workflow engine: calls the real steps one after the other, again when they fail, and undoes or pages as the state machines do. */
import type { FailoverPorts } from '../failover-ports';
import { attemptName, executionId, type Direction } from '../names';
import type { FailoverSettings } from '../settings';
import {
  abort,
  approve,
  awaitStandby,
  commit,
  drain,
  fence,
  precheck,
  promote,
  repoint,
  settle,
  switchTraffic,
  takeLease,
  verify,
  type AbortKind,
} from '../steps';
import type { AcceptedLoss, FailoverRequest, StepResult } from '../steps/run';
import { Invocation } from './invocation';
import { endedWell } from './overseer';
import type { Run, RunEnd, World } from './world';

type Step = (settings: FailoverSettings, ports: FailoverPorts, request: FailoverRequest) => Promise<StepResult>;

interface Stage {
  readonly name: string;
  readonly step: Step;
  /** Milliseconds. */
  readonly timeout: number;
  /** So often `NotYet` and everything that may pass is tried again. */
  readonly attempts: number;
  readonly pause: number;
}

const CALL = 15_000;
const stage = (name: string, step: Step, change: Partial<Stage> = {}): Stage => ({ name, step, timeout: CALL, attempts: 5, pause: 1000, ...change });

type Outcome = ({ readonly kind: 'ok'; readonly result: StepResult } | { readonly kind: 'failed'; readonly error: Error }) & {
  /** The lease was asked for, and not heard. */
  readonly isBlind?: boolean;
};

/** One call; a function that outlives its time goes on by itself. */
const invoke = (world: World, settings: FailoverSettings, request: FailoverRequest, { name, step, timeout }: Stage): Promise<Outcome> =>
  new Promise((done) => {
    const { schedule } = world;
    const finish = (outcome: Outcome): void => {
      schedule.stir();
      done(outcome);
    };
    const invocation = new Invocation(world, request.target, name);
    invocation.onDeath = () => schedule.after(300, () => finish({ kind: 'failed', error: new Error('the function died') }));
    schedule.after(timeout, () => finish({ kind: 'failed', error: new Error('timed out') }));
    step(settings, invocation.ports(), request).then(
      (result) => finish({ kind: 'ok', result, isBlind: invocation.leaseUnread }),
      (error: unknown) => finish({ kind: 'failed', error: error instanceof Error ? error : new Error(String(error)), isBlind: invocation.leaseUnread }),
    );
  });

const pause = (world: World, milliseconds: number): Promise<void> =>
  new Promise((done) =>
    world.schedule.after(milliseconds, () => {
      world.schedule.stir();
      done();
    }),
  );

/** The engine runs in the target region, and goes on when that is back. */
const awaitRegion = async (world: World, name: string): Promise<void> => {
  while (!world.region(name).up) await pause(world, 2000);
};

const isAnswered = (outcome: Outcome): boolean => outcome.kind === 'ok' || ['Refused', 'CarriedOut'].includes(outcome.error.name);

const attempted = async (world: World, settings: FailoverSettings, request: FailoverRequest, one: Stage): Promise<Outcome> => {
  let [last, askedAt]: [Outcome, number] = [{ kind: 'failed', error: new Error('never tried') }, world.time];
  for (let i = 0; i < one.attempts; i++) {
    await awaitRegion(world, request.target);
    askedAt = world.time;
    last = await invoke(world, settings, request, one);
    if (isAnswered(last)) break;
    await pause(world, one.pause);
  }
  for (const run of world.runs) if (run.request === request) run.askedAt = isAnswered(last) && last.isBlind !== true ? askedAt : -Infinity;
  world.note(`${request.attempt} ${one.name}: ${last.kind === 'ok' ? last.result.kind : `${last.error.name}: ${last.error.message}`}`);
  return last;
};

/** The settings of the steps, with what a mutation takes out of them. */
const stepSettings = (world: World): FailoverSettings => {
  const { lease, ...rest } = world.settings;
  const timings = world.without('no-wait-out') ? { duration: 0, margin: 0 } : world.without('no-margin') ? { margin: 0 } : {};
  return { ...rest, lease: { ...lease, ...timings }, ...(world.without('no-lag-gate') ? { maxLag: Infinity } : {}) };
};

const beforeReturn = (world: World, direction: Direction): readonly Stage[] => {
  const waiting = world.settings.lease.duration + world.settings.lease.margin + 30;
  const asFailover: Step = (settings, ports, request) => fence(settings, asFailback(ports), { ...request, direction: 'failover' });
  const hasty: Step = (settings, ports, request) => fence(settings, { ...ports, region: (name) => boastful(ports, name, request) }, request);
  const failback = world.without('failback-by-expiry') ? asFailover : world.without('failback-without-the-end') ? hasty : fence;
  return [
    ...(direction === 'failback' ? [stage('drain', drain, { timeout: 90_000 })] : []),
    stage('lease', takeLease),
    stage('fence', direction === 'failback' ? failback : fence, { timeout: waiting * 1000, attempts: 6 }),
    stage('commit', commit),
  ];
};

/** The failback's own lease and promise, in the hands of a failover's fence. */
const asFailback = (ports: FailoverPorts): FailoverPorts => {
  const own = <T extends { readonly execution: string }>(asked: T): T => ({ ...asked, execution: asked.execution.replace('@', '-failback@') });
  const door = (name: string): ReturnType<FailoverPorts['region']> => {
    const present = ports.region(name);
    return { ...present, promise: (asked) => present.promise(own(asked)) };
  };
  return { ...ports, lease: { ...ports.lease, mark: (asked) => ports.lease.mark(own(asked)) }, region: door };
};

/** A target that says it has everything, whatever it has. */
const boastful = (ports: FailoverPorts, name: string, request: FailoverRequest): ReturnType<FailoverPorts['region']> => {
  const door = ports.region(name);
  if (name !== request.target) return door;
  return { ...door, members: async () => door.members().then((sight) => ({ ...sight, members: sight.members.map((m) => ({ ...m, replayed: Infinity })) })) };
};

const AFTER_RETURN: readonly Stage[] = [
  stage('promote', promote, { attempts: 60 }),
  stage('repoint', repoint, { attempts: 20 }),
  stage('verify', verify, { attempts: 40 }),
  stage('switch', switchTraffic, { attempts: 40 }),
];

/** Another attempt at the same change has ended it. */
const isCarriedOut = (world: World, outcome: Outcome): boolean =>
  outcome.kind === 'failed' && outcome.error.name === 'CarriedOut' && !world.without('carried-out-is-a-failure');
/** How a run ends that was given up; one that was too late goes on. */
const ENDS: Readonly<Record<AbortKind, RunEnd | undefined>> = { undone: 'undone', 'carried-out': 'carried-out', 'too-late': undefined };

const forward = async (world: World, settings: FailoverSettings, request: FailoverRequest, source: string): Promise<RunEnd> => {
  const wait: Step = (given, ports, asked) => awaitStandby(given, ports, asked, source);
  const failback = request.direction === 'failback' ? [stage('await-standby', wait, { attempts: 60 })] : [];
  for (const one of [...AFTER_RETURN, stage('settle', settle, { attempts: 40 }), ...failback]) {
    const outcome = await attempted(world, settings, request, one);
    if (outcome.kind === 'ok') continue;
    if (isCarriedOut(world, outcome)) return 'carried-out';
    world.page(`${request.attempt}-stuck`, `${one.name}: ${outcome.error.message}`);
    return one.name === 'await-standby' ? 'standby-missing' : 'paged';
  }
  return 'settled';
};

const undo = async (world: World, settings: FailoverSettings, request: FailoverRequest, source: string): Promise<RunEnd> => {
  const outcome = await attempted(world, settings, request, stage('abort', abort, { attempts: 40 }));
  if (outcome.kind === 'ok') return ENDS[outcome.result.kind as AbortKind] ?? forward(world, settings, request, source);
  world.page(`${request.attempt}-stuck`, `abort: ${outcome.error.message}`);
  return 'paged';
};

const decided = async (world: World, settings: FailoverSettings, request: FailoverRequest): Promise<'go' | RunEnd> => {
  const checked = await attempted(world, settings, request, stage('precheck', precheck));
  if (checked.kind === 'failed') return isCarriedOut(world, checked) ? 'carried-out' : 'refused';
  if (world.without('reachable-needs-nobody') && request.direction === 'failover' && request.forceLoss === null) return 'go';
  if (checked.result.kind !== 'approve') return checked.result.kind === 'planned' ? 'planned' : 'go';
  for (;;) {
    const agreed = await attempted(world, settings, request, stage('approve', approve));
    if (agreed.kind === 'failed') return isCarriedOut(world, agreed) ? 'carried-out' : 'refused';
    if (agreed.result.kind === 'granted') return 'go';
    await pause(world, 5000);
  }
};

const carriedOut = async (world: World, request: FailoverRequest): Promise<RunEnd> => {
  const settings = { ...stepSettings(world), target: request.target };
  const source = world.store.record.previous?.region ?? world.store.record.holder;
  const decision = await decided(world, settings, request);
  if (decision !== 'go') {
    // Whoever started it by himself is told; a person sees it.
    if (decision === 'refused' && request.person === null) world.page(`${request.attempt}-refused`, 'a failover that began by itself was refused');
    return decision;
  }
  for (const one of beforeReturn(world, request.direction)) {
    const outcome = await attempted(world, settings, request, one);
    if (outcome.kind === 'failed') return isCarriedOut(world, outcome) ? 'carried-out' : undo(world, settings, request, source);
  }
  return forward(world, settings, request, source);
};

export interface Wish {
  readonly direction: Direction;
  readonly target: string;
  readonly fromEpoch: number;
  readonly renewals: number;
  readonly person: string | null;
  readonly forceLoss: AcceptedLoss | null;
}

/** Starts an attempt. The decider starts none from an epoch that has one already. */
export const startRun = (world: World, wish: Wish): Run | undefined => {
  const execution = executionId({ name: world.settings.environment }, wish.fromEpoch, wish.direction);
  const earlier = world.runs.filter(({ request }) => request.attempt === execution || request.attempt.startsWith(`${execution}-`)).length;
  if (wish.person === null && world.runs.some((run) => run.end === undefined && run.request.fromEpoch === wish.fromEpoch)) return undefined;
  const request: FailoverRequest = {
    ...wish,
    attempt: attemptName(execution, earlier + 1),
    startedAt: world.witnessClock.now(),
    dryRun: false,
  };
  const run: Run = { request, end: undefined, askedAt: -Infinity };
  world.runs.push(run);
  world.note(`${request.attempt} is started by ${wish.person ?? 'the decider'}: ${wish.direction} to ${wish.target}`);
  world.schedule.stir();
  void carriedOut(world, request).then((end) => {
    run.end = end;
    endedWell(world, run);
    world.note(`${request.attempt} has ended: ${end}`);
  });
  return run;
};

/** Somebody gives a run up, beside it. */
export const abortRun = (world: World, run: Run): void => {
  world.note(`somebody gives ${run.request.attempt} up`);
  world.schedule.stir();
  void attempted(world, { ...stepSettings(world), target: run.request.target }, run.request, stage('abort', abort));
};
