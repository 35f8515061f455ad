/** May this run go on: by itself, with the agreement of two people, or not at all? Nothing is changed here. */
import { CarriedOut, NoAnswer, Refused } from '../errors';
import type { FailoverPorts, RegionDoor } from '../failover-ports';
import type { LeaseRecord } from '../lease';
import { lagOf, leaderOf, type RegionSight } from '../region-observation';
import type { FailoverSettings } from '../settings';
import { auditEntry, doneBefore, executionOf, orSilence, result, soon, type FailoverRequest, type StepResult } from './run';

/** A primary region that has not answered within so many milliseconds is not waited for. */
const SOURCE_PATIENCE = 1500;
/** The same, just before the lease is taken: it was looked at a moment ago, or people have agreed to do without it. */
const SOURCE_PATIENCE_AGAIN = 700;

export type PrecheckPorts = Pick<FailoverPorts, 'lease' | 'region' | 'clock' | 'audit'>;
/** `go`: now; `approve`: two people first; `planned`: a dry run ends here. */
export type PrecheckKind = 'go' | 'approve' | 'planned';

export const precheck = async (settings: FailoverSettings, ports: PrecheckPorts, request: FailoverRequest): Promise<StepResult<PrecheckKind>> => {
  const record = await ports.lease.read();
  if (record !== null && isResumed(settings, record, request)) return result('go', `taken up again after step "${record.step ?? 'none'}"`, { resumed: true });
  const done = doneBefore(settings, request, record);
  if (done !== undefined) throw new CarriedOut(done);
  const present = checkedLease(record, request, ports.clock.now());
  const [target, source] = await Promise.all([checkedTarget(ports.region(request.target), request.target), lookAtSource(settings, ports, request, present)]);
  const gate = request.direction === 'failback' ? failbackGate(settings, target, source) : lagGate(settings, target, source, present, request);
  if (gate.accepted !== undefined) await ports.audit.record(auditEntry(settings, request, ports.clock.now(), { step: 'precheck', ...gate.accepted }));
  const details = {
    source: present.holder,
    sourceReachable: source.alive,
    lagSeconds: gate.lag.seconds,
    lagBytes: gate.lag.bytes,
    lossAccepted: gate.accepted !== undefined,
  };
  if (request.dryRun) return result('planned', 'a dry run: everything that can be known beforehand is right', details);
  const why = reasonForApproval(settings, request, source, gate.accepted !== undefined);
  return why === undefined ? result('go', `${present.holder} is unreachable, ${gate.text}`, details) : result('approve', why, details);
};

export const isResumed = (settings: FailoverSettings, record: LeaseRecord, request: FailoverRequest): boolean =>
  record.phase === 'moving' && record.execution === executionOf(settings, request) && record.holder === request.target;

const checkedLease = (record: LeaseRecord | null, { target, fromEpoch, person }: FailoverRequest, now: number): LeaseRecord => {
  if (record === null) throw new Refused('there is no lease: no region has taken writes yet');
  if (record.phase === 'moving') throw new Refused(`${record.execution ?? 'another workflow'} is moving the lease to ${record.holder} already`);
  if (record.epoch !== fromEpoch)
    throw new Refused(
      `given: epoch ${fromEpoch}; the lease is ${record.holder}'s in epoch ${record.epoch}: what was observed is old. Look again (holdfast status)`,
    );
  if (record.holder === target)
    throw new Refused(`${target} holds the lease already, in epoch ${record.epoch}${takenBy(record)}: there is nothing to take over`);
  if (person === null && now < record.cooldownUntil)
    throw new Refused(`cooldown until ${new Date(record.cooldownUntil).toISOString()}: no failover begins by itself before; a person may start one`);
  return record;
};

const takenBy = ({ closed, epoch }: LeaseRecord): string =>
  closed?.how === 'settled' && closed.epoch === epoch && closed.by !== undefined ? `, taken there by ${closed.by}` : '';

const checkedTarget = async (door: RegionDoor, name: string): Promise<RegionSight> => {
  const sight = await door.members();
  if (sight.role === undefined) throw new NoAnswer(`the etcd of ${name} does not answer`);
  if (!sight.role.initialized) throw new Refused(`${name} has no cluster yet`);
  if (!sight.role.follows) throw new Refused(`${name} says that it is primary itself, in epoch ${sight.role.epoch}`);
  const leader = leaderOf(sight);
  if (leader?.role !== 'standby_leader') throw new Refused(`${name} has no standby leader: there is nobody to promote`);
  return sight;
};

/** The gate once more, just before the lease is taken: people may have taken their time, and the target may have fallen behind since. @throws Refused, NoAnswer */
export const recheck = async (
  settings: FailoverSettings,
  ports: Pick<FailoverPorts, 'lease' | 'region' | 'clock'>,
  request: FailoverRequest,
): Promise<void> => {
  const record = await ports.lease.read();
  // What taking it says to these is right.
  if (record === null || record.phase === 'moving' || record.epoch !== request.fromEpoch) return;
  // A failback is refused without its word.
  const patience = request.direction === 'failback' ? SOURCE_PATIENCE : SOURCE_PATIENCE_AGAIN;
  const [target, sight, status] = await Promise.all([
    checkedTarget(ports.region(request.target), request.target),
    soon(ports.clock, patience, ports.region(record.holder).members()),
    orSilence(ports.region(request.target).status()),
  ]);
  const source = { alive: sight !== undefined, sight: sight?.role === undefined ? undefined : sight, vouchedAt: status?.vouchedAt ?? null };
  if (request.direction === 'failback') failbackGate(settings, target, source);
  else lagGate(settings, target, source, record, request);
};

interface Source {
  /** It answered, or has renewed its lease since it was observed. */
  readonly alive: boolean;
  readonly sight: RegionSight | undefined;
  readonly vouchedAt: number | null;
}

const lookAtSource = async (settings: FailoverSettings, ports: PrecheckPorts, request: FailoverRequest, present: LeaseRecord): Promise<Source> => {
  const door = ports.region(present.holder);
  const [status, sight, target] = await Promise.all([
    soon(ports.clock, SOURCE_PATIENCE, door.status()),
    soon(ports.clock, SOURCE_PATIENCE, door.members()),
    orSilence(ports.region(request.target).status()),
  ]);
  // Whoever asks by hand may have looked just before: two renewals are waited for.
  if (request.person !== null) await ports.clock.sleep(2 * settings.lease.renewEvery * 1000);
  const later = request.person === null ? present : ((await ports.lease.read()) ?? present);
  const renewed = later.renewals !== request.renewals;
  const answered = status !== undefined || sight?.role !== undefined;
  return { alive: answered || renewed, sight: sight?.role === undefined ? undefined : sight, vouchedAt: target?.vouchedAt ?? null };
};

interface Gate {
  readonly lag: { readonly seconds: number | null; readonly bytes: number | null };
  readonly text: string;
  /** Somebody has taken the loss upon himself. */
  readonly accepted?: { readonly what: string; readonly by: string; readonly detail: Readonly<Record<string, unknown>> };
}

/**
 * How far the target was behind when the primary was last known to live: by its last renewal, or the last time that the target vouched for it. The newest row's time and
 * the renewal's time are both the primary's own clock, and its age does not grow while people decide.
 */
export const lagAtLoss = (target: RegionSight, lease: Pick<LeaseRecord, 'renewedAt'>, vouchedAt: number | null): number | null => {
  const newest = leaderOf(target)?.replayedAt;
  return newest === undefined ? null : Math.max(0, Math.max(lease.renewedAt, vouchedAt ?? 0) / 1000 - newest);
};

const lagGate = (settings: FailoverSettings, target: RegionSight, source: Source, present: LeaseRecord, request: FailoverRequest): Gate => {
  const seen = lagOf(target, source.sight);
  const seconds = source.sight === undefined ? lagAtLoss(target, present, source.vouchedAt) : seen.seconds;
  const lag = { seconds, bytes: seen.bytes };
  const text = seconds === null ? 'how far it is behind is not known' : `${request.target} is ${seconds.toFixed(1)} s behind`;
  if (seconds !== null && seconds <= settings.maxLag) return { lag, text };
  const { forceLoss } = request;
  if (forceLoss === null || forceLoss.reason.trim() === '' || forceLoss.by.trim() === '') {
    throw new Refused(`${text}; allowed: ${settings.maxLag} s. To lose that: holdfast failover ${request.target} --force-loss "<reason>", in your own name`);
  }
  return { lag, text, accepted: { what: `a loss is accepted: ${text}`, by: forceLoss.by, detail: { reason: forceLoss.reason, lagSeconds: seconds } } };
};

const failbackGate = (settings: FailoverSettings, target: RegionSight, source: Source): Gate => {
  if (source.sight === undefined)
    throw new Refused('the present primary region does not answer: a failback loses nothing, and needs it; for a lost region: holdfast failover');
  const lag = lagOf(target, source.sight);
  if (lag.bytes === null) throw new Refused(`how far ${target.name} is behind is not known`);
  if (lag.bytes > settings.maxLagBytes)
    throw new Refused(`${target.name} is ${lag.bytes} bytes behind; allowed: ${settings.maxLagBytes}; wait until it has caught up`);
  return { lag, text: `${target.name} is ${lag.bytes} bytes behind` };
};

const reasonForApproval = (settings: FailoverSettings, request: FailoverRequest, source: Source, accepted: boolean): string | undefined => {
  if (request.direction === 'failback') return 'a failback is always agreed to by two people';
  if (settings.mode === 'approval') return 'this environment fails over only by agreement';
  if (accepted) return 'a loss is accepted: two people have to agree';
  if (source.alive) return 'the present primary region is alive: two people have to agree';
  return undefined;
};
