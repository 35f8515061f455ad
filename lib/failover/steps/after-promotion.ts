/** What remains when the target takes writes: the others follow it, a write proves it, clients are sent to it. */
import { NoAnswer, NotYet, Refused } from '../errors';
import type { FailoverPorts } from '../failover-ports';
import { leaderOf, writablePrimary } from '../region-observation';
import type { FailoverSettings } from '../settings';
import { epochOf, executionOf, marked, result, soon, type FailoverRequest, type StepResult } from './run';

type Lease = 'lease' | 'clock';
export type RepointPorts = Pick<FailoverPorts, Lease | 'region'>;
export type VerifyPorts = Pick<FailoverPorts, Lease | 'write'>;
export type SwitchPorts = Pick<FailoverPorts, Lease | 'traffic'>;
export type AwaitStandbyPorts = Pick<FailoverPorts, 'region' | 'clock'>;

/** Milliseconds. */
const REPOINT_PATIENCE = 700;

/** Those that answer follow the target at once. One that does not is turned by its own guard when it returns: nothing waits for it. */
export const repoint = async (settings: FailoverSettings, ports: RepointPorts, request: FailoverRequest): Promise<StepResult<'repointed'>> => {
  await marked(settings, ports, request, 'promoted');
  const question = { epoch: epochOf(request), execution: executionOf(settings, request), target: request.target };
  const others = settings.regions.map((region) => region.name).filter((name) => name !== request.target);
  const answers = await Promise.all(
    others.map(async (name) => ({ name, answer: await soon(ports.clock, REPOINT_PATIENCE, ports.region(name).demote(question)) })),
  );
  await marked(settings, ports, request, 'repointed');
  const following = answers.filter(({ answer }) => answer?.kind === 'done').map(({ name }) => name);
  const silent = answers.filter(({ answer }) => answer === undefined).map(({ name }) => name);
  return result('repointed', following.length === 0 ? 'no other region answers' : `${following.join(', ')} follow`, { following, silent });
};

/** @throws NotYet when the row does not carry the epoch; NoAnswer when nothing could be written */
export const verify = async (settings: FailoverSettings, ports: VerifyPorts, request: FailoverRequest): Promise<StepResult<'verified'>> => {
  await marked(settings, ports, request, 'repointed');
  const { epoch, elapsed } = await ports.write.writeAndRead(request.target, epochOf(request));
  if (epoch !== epochOf(request)) throw new NotYet(`the row that was read back says epoch ${epoch}, written was ${epochOf(request)}`);
  await marked(settings, ports, request, 'verified');
  return result('verified', `a row was written and read back in ${elapsed} ms`, { elapsed });
};

/** @throws NoAnswer while fewer objects than a quorum are pointed; Refused when clients are sent to a later epoch's region already */
export const switchTraffic = async (settings: FailoverSettings, ports: SwitchPorts, request: FailoverRequest): Promise<StepResult<'switched'>> => {
  await marked(settings, ports, request, 'verified');
  const { pointed, newer, silent, notes } = await ports.traffic.point(request.target, epochOf(request));
  if (newer.length > 0) throw new Refused(`${newer.join(', ')} send clients to the region of a later epoch`);
  if (pointed.length < ports.traffic.quorum)
    throw new NoAnswer(`${pointed.length} switch objects are pointed, ${ports.traffic.quorum} are needed; silent: ${silent.join(', ')} (${notes.join('; ')})`);
  await marked(settings, ports, request, 'switched');
  const told = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return result('switched', `${pointed.length} switch objects send clients to ${request.target}${told}`, { pointed, silent, notes });
};

/** The old region can take over again: every member streams, and has what the primary had written when this began. @throws NotYet until then */
export const awaitStandby = async (
  _: FailoverSettings,
  ports: AwaitStandbyPorts,
  request: FailoverRequest,
  standby: string,
): Promise<StepResult<'follows'>> => {
  const primary = writablePrimary(await ports.region(request.target).members());
  const sight = await ports.region(standby).members();
  if (primary?.written === undefined) throw new NotYet(`how far ${request.target} has written is not known`);
  if (sight.role?.follows !== true || leaderOf(sight)?.role !== 'standby_leader') throw new NotYet(`${standby} does not follow yet`);
  const goal = primary.written;
  // Patroni's members report with the last turn of its loop: a look a little later shows whether they have moved that far.
  await ports.clock.sleep(1000);
  const later = await ports.region(standby).members();
  const whole = later.members.filter((m) => m.state === 'streaming' && m.timeline === primary.timeline && (m.replayed ?? -1) >= goal);
  if (whole.length < later.expectedMembers) throw new NotYet(`${whole.length} of ${later.expectedMembers} members of ${standby} stream and have caught up`);
  return result('follows', `all ${whole.length} members of ${standby} stream and have caught up`);
};
