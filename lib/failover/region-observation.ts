/** What is seen of a region from outside, and what follows from it. Pure: nothing that is not known is taken for zero, healthy or gone. */
import { claimsPrimary, type OwnRole } from './region-role';

/** A PostgreSQL member by its own word (Patroni's `GET /patroni`). */
export interface MemberSight {
  readonly name: string;
  readonly address: string;
  /** Patroni's word: `primary`, `standby_leader`, `replica`, ... */
  readonly role: string;
  readonly state: string;
  readonly timeline: number | undefined;
  /** Of a primary: how far its log goes. Of a standby: how far it has received, and replayed, the log. Bytes since the beginning. */
  readonly written: number | undefined;
  readonly received: number | undefined;
  readonly replayed: number | undefined;
  /** When the newest row that it has was committed, seconds since the epoch. */
  readonly replayedAt: number | undefined;
}

/** Why it is certain that a region takes no writes. */
export interface FenceEvidence {
  /** `demoted`: every member said that it is a standby; `stopped`: no machine of it runs; `isolated`: the network lets nothing in or out; `expired`: its lease has run out. */
  readonly kind: 'demoted' | 'stopped' | 'isolated' | 'expired';
  readonly detail: string;
}

export interface RegionSight {
  readonly name: string;
  /** Seconds since the epoch. */
  readonly at: number;
  /** From its members; undefined: nobody answered. */
  readonly role: OwnRole | undefined;
  /** Those that answered. */
  readonly members: readonly MemberSight[];
  /** How many there should be. */
  readonly expectedMembers: number;
  /** What the provider of the machines and the network says; undefined: neither stopped nor isolated, as far as is known. */
  readonly outside: FenceEvidence | undefined;
}

export const LEADING = ['primary', 'master', 'leader', 'standby_leader'] as const;
export const isLeading = ({ role }: MemberSight): boolean => LEADING.some((leading) => leading === role);
export const isWritable = ({ role, state }: MemberSight): boolean => ['primary', 'master', 'leader'].includes(role) && state === 'running';
export const isStandby = ({ role }: MemberSight): boolean => ['standby_leader', 'replica'].includes(role);
export const leaderOf = (sight: RegionSight): MemberSight | undefined => sight.members.find(isLeading);
export const writablePrimary = (sight: RegionSight): MemberSight | undefined => sight.members.find(isWritable);

/** A region whose members all say that they are standbys takes no writes, and neither does one that is off, or cut off from everything. Silence proves nothing. */
export const fenceOf = (sight: RegionSight): FenceEvidence | undefined => {
  if (sight.outside !== undefined) return sight.outside;
  const standbys = sight.members.filter(isStandby);
  if (sight.role?.follows !== true || standbys.length < sight.expectedMembers) return undefined;
  return { kind: 'demoted', detail: `all ${standbys.length} members follow ${sight.role.primary ?? 'another region'}` };
};

export interface Lag {
  /** null: not known. */
  readonly bytes: number | null;
  readonly seconds: number | null;
}

/** How far a standby region is behind. A primary that is not seen leaves the bytes unknown; the age of the newest row is known without it. */
export const lagOf = (standby: RegionSight, primary: RegionSight | undefined): Lag => {
  const leader = leaderOf(standby);
  const written = primary === undefined ? undefined : writablePrimary(primary)?.written;
  const replayed = leader?.replayed;
  return {
    bytes: written === undefined || replayed === undefined ? null : Math.max(0, written - replayed),
    seconds: leader?.replayedAt === undefined ? null : Math.max(0, standby.at - leader.replayedAt),
  };
};

/** The region that is primary: of those that say so, the one with the highest epoch. */
export const primaryOf = (sights: readonly RegionSight[]): RegionSight | undefined =>
  sights
    .flatMap((sight) => (sight.role !== undefined && claimsPrimary(sight.role) ? [{ sight, epoch: sight.role.epoch }] : []))
    .sort((a, b) => b.epoch - a.epoch)[0]?.sight;

/** The highest epoch that anybody knows. */
export const highestEpoch = (sights: readonly RegionSight[]): number => Math.max(0, ...sights.map((s) => s.role?.epoch ?? 0));

/** The furthest that any member of a region is known to have the log. */
export const furthest = (sight: RegionSight): number | undefined => {
  const known = sight.members.flatMap((m) => [m.written, m.received].filter((n) => n !== undefined));
  return known.length === 0 ? undefined : Math.max(...known);
};
