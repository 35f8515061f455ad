/** What a region that could take over says of the one that has the writes. */
import type { Hearing } from '../../lib/failover/decide-loss';
import type { DoorStatus, FailoverPorts, PublicHealth } from '../../lib/failover/failover-ports';
import type { RegionSight } from '../../lib/failover/region-observation';
import { orSilence } from '../../lib/failover/steps/run';

export interface TargetLook {
  readonly hearing: Hearing;
  readonly fromTarget: PublicHealth;
}

export type LookPorts = Pick<FailoverPorts, 'region' | 'publicHealth'>;

/** Silence is what the region's own door knows: its stream has ended, and the other's doors do not answer either. A door of its own that is silent knows nothing. */
const hearingOf = async (ports: LookPorts, self: string, home: string): Promise<Hearing> => {
  const [own, other] = await Promise.allSettled([ports.region(self).status(), ports.region(home).status()]);
  if (other.status === 'fulfilled') return 'hears';
  if (own.status === 'rejected' || own.value.streaming === null) return 'unknown';
  return own.value.streaming ? 'hears' : 'silent';
};

export const lookFrom = async (ports: LookPorts, self: string, home: string): Promise<TargetLook> => {
  const [hearing, fromTarget] = await Promise.all([hearingOf(ports, self, home), ports.publicHealth(home)]);
  return { hearing, fromTarget };
};

const HEARINGS: readonly unknown[] = ['hears', 'silent', 'unknown'] satisfies readonly Hearing[];
const HEALTHS: readonly unknown[] = ['healthy', 'unhealthy', 'unknown'] satisfies readonly PublicHealth[];

/** Whatever is not understood is not known. */
export const targetLookOf = (value: unknown): TargetLook => {
  const { hearing, fromTarget } = (typeof value === 'object' && value !== null ? value : {}) as { readonly hearing?: unknown; readonly fromTarget?: unknown };
  return {
    hearing: HEARINGS.includes(hearing) ? (hearing as Hearing) : 'unknown',
    fromTarget: HEALTHS.includes(fromTarget) ? (fromTarget as PublicHealth) : 'unknown',
  };
};

/** A region's word on itself, for people; null: its door does not answer. */
export interface RegionWord {
  readonly status: DoorStatus | null;
  readonly members: RegionSight | null;
}

export const describeFrom = async (ports: Pick<LookPorts, 'region'>, self: string): Promise<RegionWord> => {
  const door = ports.region(self);
  const [status, members] = await Promise.all([orSilence(door.status()), orSilence(door.members())]);
  return { status: status ?? null, members: members ?? null };
};
