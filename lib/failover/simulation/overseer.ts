/** What must be true whenever a workflow takes the lease, and when everything is over: seen from above, where nothing is hidden. */
import { judgeApprovals } from '../approval';
import type { AdvanceRequest, LeaseRecord } from '../lease';
import { doneBefore, epochOf } from '../steps/run';
import type { Run, RunEnd, World } from './world';

/** What is written between the last renewal, by which the lag is measured, and the end of the lease; and the pauses of heartbeats and looks. Milliseconds. */
const GATE_SLACK = 15_000;

export const oversee = (world: World): void => {
  world.onAdvance.push((before, request) => {
    for (const run of startedFor(world, request)) {
      agreed(world, before, run);
      withinGate(world, before, run);
    }
  });
};

/** The attempts that may have taken it: those that are under way at the same change. */
const startedFor = (world: World, { fromEpoch, to }: AdvanceRequest): readonly Run[] => {
  const open = world.runs.filter(({ end, request }) => end === undefined && request.fromEpoch === fromEpoch && request.target === to);
  return open.length === 1 ? open : [];
};

const twoPeople = (world: World, { request }: Run): boolean =>
  judgeApprovals(
    { attempt: request.attempt, epoch: request.fromEpoch },
    // Somebody may have rejected it when it was agreed to already.
    world.approvals.filter(({ verdict }) => verdict === 'approve'),
  ).verdict.kind === 'granted';

/** Without two people nothing moves from a region that is alive, and nothing moves back at all. */
const agreed = (world: World, before: LeaseRecord, run: Run): void => {
  if (twoPeople(world, run)) return;
  const { request } = run;
  const holder = world.region(before.holder);
  const alive = holder.up && !holder.frozen && world.network.reachBothWays(holder.name, request.target) && holder.etcdUp;
  const calm = world.network.weather.loss === 0 && world.chaos.crash === 0 && world.chaos.freeze === 0;
  if (request.direction === 'failback') world.violated('nobody-was-asked', `${request.attempt} is a failback`);
  else if (alive && calm && world.time - world.lastTrouble > 10_000) world.violated('nobody-was-asked', `${holder.name} is alive`);
};

/** What the target does not have was written within the limit, unless two people take it upon themselves. A failback waits for everything anyway. */
const withinGate = (world: World, before: LeaseRecord, run: Run): void => {
  const { request } = run;
  if (request.direction === 'failback' || (request.forceLoss !== null && twoPeople(world, run))) return;
  const has = new Set(world.region(request.target).log.ids);
  const missing = [...world.acks].filter(([id, ack]) => !has.has(id) && ack.region === before.holder && !world.lost.includes(id)).map(([, ack]) => ack.at);
  // Seconds in which something was acknowledged that is lost: a region that was cut off, fenced itself, and was back for a moment has lost two short pieces, not all between.
  const lost = new Set(missing.map((at) => Math.floor(at / 1000))).size;
  const limit = world.settings.maxLag + GATE_SLACK / 1000;
  if (lost > limit) world.violated('beyond-the-lag-gate', `${missing.length} commits of ${lost} seconds are missing; allowed: ${limit} s`);
};

const SAYS_NOT_DONE: readonly (RunEnd | undefined)[] = ['refused', 'undone', 'paged'];

/** Of two who start the same change, whoever could find it done by the other one says so: nothing is undone, and nobody is called. */
export const endedWell = (world: World, { request, end, askedAt }: Run): void => {
  const settledAt = world.settledAt.get(epochOf(request)) ?? Infinity;
  if (settledAt >= askedAt || !SAYS_NOT_DONE.includes(end)) return;
  const done = doneBefore(world.settings, request, world.store.record);
  if (done !== undefined) world.violated('done-and-not-said-so', `${request.attempt} ended as ${end ?? ''}, and was ${done}`);
};

/** All faults are healed for long: every run has ended, and either clients write or somebody knows. */
export const lastJudgement = (world: World, patience: number): void => {
  for (const { request, end } of world.runs) if (end === undefined) world.violated('run-without-an-end', request.attempt);
  const writes = world.lastAckAt > world.time - patience;
  if (!writes && world.pages.size === 0)
    world.violated('nobody-writes-and-nobody-knows', `the last write was acknowledged at ${world.lastAckAt.toFixed(0)} ms`);
  clientsAreSentThere(world);
  nothingIsMissing(world);
};

/** When the last change is settled, clients are where the lease is. */
const clientsAreSentThere = (world: World): void => {
  const { record } = world.store;
  if (record.phase !== 'held' || world.pages.size > 0) return;
  const active = world.traffic.active();
  if (active !== undefined && active !== record.holder) world.violated('clients-are-sent-elsewhere', `to ${active}; the lease is ${record.holder}'s`);
};

/** Whoever takes writes has every acknowledged one, but for those that a crash is known to have lost. */
const nothingIsMissing = (world: World): void => {
  const primary = world.regions.find((region) => region.writable && region.name === world.store.record.holder && !region.config.follows);
  if (primary === undefined) return;
  const has = new Set(primary.log.ids);
  const lost = new Set(world.lost);
  const missing = [...world.acks.keys()].filter((id) => !has.has(id) && !lost.has(id));
  if (missing.length > 0) world.violated('acknowledged-and-missing', `${missing.length} commits, the first is ${missing[0] ?? 0}`);
};
