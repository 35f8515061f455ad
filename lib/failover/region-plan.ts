/**
 * The region primitives as plans: from what is seen, what is left to do, or why it must not be done. Pure. A step that has been done already is not in the plan, so
 * every primitive can be repeated, and taken up again where it was interrupted.
 */
import { fenceOf, highestEpoch, lagOf, leaderOf, primaryOf, type RegionSight, writablePrimary } from './region-observation';
import { claimsPrimary } from './region-role';

export type RegionStep =
  /** New transactions in this region are read-only. A client could change that for itself: the fence is what counts. */
  | { readonly kind: 'drain'; readonly region: string }
  /** While clients are served still: what would otherwise make the primary's end long is done, and the target has replayed it. */
  | { readonly kind: 'prepare'; readonly region: string; readonly target: string }
  /** The region's Patroni stops its primary and makes it a standby of the target. */
  | { readonly kind: 'demote'; readonly region: string; readonly target: string; readonly epoch: number }
  /** The network lets nothing in or out of the region. */
  | { readonly kind: 'isolate'; readonly region: string }
  /** There is evidence that the region takes no writes. */
  | { readonly kind: 'confirm-fence'; readonly region: string }
  /** The target has received the source's log to its very end. */
  | { readonly kind: 'await-everything'; readonly region: string; readonly target: string }
  | { readonly kind: 'promote'; readonly region: string; readonly epoch: number }
  | { readonly kind: 'await-primary'; readonly region: string }
  /** The region's members answer; its guard has kept them from being primaries. */
  | { readonly kind: 'await-members'; readonly region: string }
  /** Every member streams and has caught up, which is watched by log positions; one that is stuck is built anew. */
  | { readonly kind: 'await-standby'; readonly region: string; readonly primary: string };

export type RegionPlan = { readonly kind: 'steps'; readonly steps: readonly RegionStep[] } | { readonly kind: 'refused'; readonly because: string };

const steps = (...list: readonly RegionStep[]): RegionPlan => ({ kind: 'steps', steps: list });
const refused = (because: string): RegionPlan => ({ kind: 'refused', because });

/** The region's primary, seen to take writes. */
const serves = (sight: RegionSight): boolean => sight.role !== undefined && claimsPrimary(sight.role) && writablePrimary(sight) !== undefined;

const others = (sights: readonly RegionSight[], name: string): readonly RegionSight[] => sights.filter((s) => s.name !== name);

/** @throws Error when there is no such region */
const named = (sights: readonly RegionSight[], name: string): RegionSight => {
  const found = sights.find((s) => s.name === name);
  if (found === undefined) throw new Error(`there is no region "${name}"; there are ${sights.map((s) => s.name).join(', ')}`);
  return found;
};

export const planDrain = (sights: readonly RegionSight[], name: string): RegionPlan => {
  const { role } = named(sights, name);
  if (role === undefined) return refused(`${name} does not answer: what can't be reached can't be drained; fence it`);
  return role.follows ? steps() : steps({ kind: 'drain', region: name });
};

/** Demotes a region that answers; cuts off one that does not. */
export const planFence = (sights: readonly RegionSight[], name: string, isolate: boolean): RegionPlan => {
  const source = named(sights, name);
  if (fenceOf(source) !== undefined) return steps();
  const target = others(sights, name).find((s) => s.role?.follows === true);
  if (source.role === undefined || isolate) return steps({ kind: 'isolate', region: name }, { kind: 'confirm-fence', region: name });
  if (target === undefined) return refused(`no standby region answers that ${name} could follow; to cut it off all the same: --isolate`);
  const epoch = highestEpoch(sights) + 1;
  return steps({ kind: 'demote', region: name, target: target.name, epoch }, { kind: 'confirm-fence', region: name });
};

/** Needs nothing of the other regions but the proof that they take no writes. */
export const planPromote = (sights: readonly RegionSight[], name: string): RegionPlan => {
  const target = named(sights, name);
  if (target.role === undefined) return refused(`${name} does not answer: it can't be promoted`);
  if (serves(target)) return steps();
  if (!target.role.follows) return steps({ kind: 'await-primary', region: name });
  if (leaderOf(target) === undefined) return refused(`${name} has no standby leader: there is nobody to promote`);
  const open = others(sights, name).filter((s) => fenceOf(s) === undefined);
  if (open.length > 0) {
    return refused(
      `no confirmed fence for ${open.map((s) => s.name).join(', ')}: it may still take writes, and there would be two primaries. ` +
        'Given: silence proves nothing; allowed: all of its members are standbys, its machines are off, or its network is cut; fix: holdfast region fence',
    );
  }
  // A region that was demoted for this one has been told the epoch already.
  const told = others(sights, name).find((s) => s.role?.primary === name)?.role?.epoch;
  const epoch = told !== undefined && told > target.role.epoch ? told : highestEpoch(sights) + 1;
  return steps({ kind: 'promote', region: name, epoch }, { kind: 'await-primary', region: name });
};

/** Makes a region the standby of whichever is primary now. */
export const planRejoin = (sights: readonly RegionSight[], name: string): RegionPlan => {
  const source = named(sights, name);
  const primary = primaryOf(others(sights, name));
  if (primary === undefined) return refused(`no other region says that it is primary: there is nobody for ${name} to follow`);
  if (!serves(primary)) return refused(`${primary.name} is to be primary and takes no writes yet`);
  const epoch = primary.role?.epoch ?? 0;
  const watch: RegionStep = { kind: 'await-standby', region: name, primary: primary.name };
  if (source.outside !== undefined) return refused(`${name}: ${source.outside.detail}; start and reconnect it first`);
  if (source.role === undefined) return steps({ kind: 'await-members', region: name }, watch);
  if (source.role.follows) return steps(watch);
  if (source.role.epoch >= epoch)
    return refused(`${name} says that it is primary in epoch ${source.role.epoch}, ${primary.name} in epoch ${epoch}: only an older one rejoins`);
  return steps({ kind: 'demote', region: name, target: primary.name, epoch }, watch);
};

/** The planned change: nothing is lost, because the old primary is fenced and its log received to the end before the new one is promoted. */
export const planSwitchover = (sights: readonly RegionSight[], name: string, maxLagBytes: number): RegionPlan => {
  const target = named(sights, name);
  const [source, ...more] = others(sights, name);
  if (source === undefined || more.length > 0) return refused(`a switchover is between two regions; there are ${sights.length}`);
  const finish: RegionStep = { kind: 'await-standby', region: source.name, primary: name };
  if (serves(target)) return source.role?.follows === true ? steps(finish) : planRejoin(sights, source.name);
  if (source.role === undefined) return refused(`${source.name} does not answer: that is no switchover; fence it, then promote ${name}`);
  const promote: readonly RegionStep[] = [{ kind: 'await-primary', region: name }, finish];
  if (target.role !== undefined && !target.role.follows) return steps(...promote);
  if (target.role === undefined || leaderOf(target) === undefined) return refused(`${name} has no standby leader that answers: it can't take over`);
  const epoch = source.role.follows ? Math.max(source.role.epoch, target.role.epoch + 1) : highestEpoch(sights) + 1;
  const takeOver: readonly RegionStep[] = [
    { kind: 'await-everything', region: source.name, target: name },
    { kind: 'promote', region: name, epoch },
    ...promote,
  ];
  if (source.role.follows) return steps(...takeOver); // interrupted after the fence
  const { bytes } = lagOf(target, source);
  if (bytes === null) return refused(`how far ${name} is behind is not known`);
  if (bytes > maxLagBytes) return refused(`${name} is ${bytes} bytes behind; allowed: ${maxLagBytes}; fix: wait until it has caught up`);
  return steps({ kind: 'prepare', region: source.name, target: name }, { kind: 'demote', region: source.name, target: name, epoch }, ...takeOver);
};
