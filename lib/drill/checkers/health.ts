import type { History, RoleEvent } from '../events';

type Members = ReadonlyMap<string, RoleEvent>;

const PRIMARY_ROLES: readonly string[] = ['primary', 'master', 'leader'];
const isPrimary = (m: RoleEvent): boolean => m.role !== null && PRIMARY_ROLES.includes(m.role) && m.state === 'running';
const streams = (m: RoleEvent): boolean => m.state === 'streaming';

/** One running primary, every other member streaming from it, all on one timeline. */
const isHealthy = (members: Members, names: readonly string[]): boolean => {
  const known = names.map((name) => members.get(name));
  if (!known.every((m): m is RoleEvent => m !== undefined)) return false;
  const primaries = known.filter(isPrimary);
  const timelines = new Set(known.map((m) => m.timeline));
  return primaries.length === 1 && known.every((m) => isPrimary(m) || streams(m)) && timelines.size === 1 && !timelines.has(null);
};

/** What keeps the members from being healthy at the end, as a sentence's part; empty: healthy. */
const complaint = (members: Members, names: readonly string[]): string =>
  names
    .map((name) => members.get(name))
    .map((m, i) => (m ? `${m.member} ${m.role ?? 'without role'} ${m.state} on timeline ${m.timeline ?? '?'}` : `${names[i]} never seen`))
    .join(', ');

export interface HealthResult {
  /** Seconds from `since` until all members were healthy for good; 0: they were all along; null: they were not at the end. */
  readonly seconds: number | null;
  /** How each member was when last seen. */
  readonly lastSeen: string;
}

/** When did all members stream on one timeline again, to stay so until the end? Counted from `since` (the end of the fault). */
export const healthyAgain = (history: History, names: readonly string[], since: number): HealthResult => {
  const members = new Map<string, RoleEvent>();
  let healthySince: number | null = null;
  for (const event of history.roles) {
    members.set(event.member, event);
    if (!isHealthy(members, names)) healthySince = null;
    else healthySince ??= event.t;
  }
  return { seconds: healthySince === null ? null : Math.max(0, healthySince - since), lastSeen: complaint(members, names) };
};
