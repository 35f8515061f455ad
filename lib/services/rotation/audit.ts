/** Who logged in, when and from where, from what PostgreSQL and PgBouncer write (`log_connections`). Pure. */

export interface CredentialUseSeen {
  /** ISO time. */
  readonly at: string;
  readonly role: string;
  /** Address that the login came from: of the client at a pooler; of the pooler, a member or whoever it was at a member. */
  readonly from: string;
  readonly pod: string;
  readonly door: 'pooler' | 'member';
  readonly replication: boolean;
  /** False: it was refused. */
  readonly letIn: boolean;
}

/** `%m [%p] %q%u@%d %h ` is the prefix in lib/services/postgresql-parameters.ts. */
const POSTGRES = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d+) UTC \[\d+\] ([^@\s]+)@(\S+) (\S+) (LOG|FATAL): {2}(.*)$/;
const POSTGRES_IN = /^(replication )?connection authorized: /;
const POSTGRES_REFUSED = /authentication failed|is not permitted to log in|rejects (replication )?connection/;

const postgresUse = (pod: string, line: string): CredentialUseSeen | undefined => {
  const [, day, time, role, database, from, level, message] = POSTGRES.exec(line) ?? [];
  if (day === undefined || time === undefined || role === undefined || from === undefined || message === undefined) return undefined;
  const letIn = level === 'LOG' && POSTGRES_IN.test(message);
  if (!letIn && !(level === 'FATAL' && POSTGRES_REFUSED.test(message))) return undefined;
  const replication = message.startsWith('replication ') || database === '[unknown]';
  return { at: `${day}T${time}Z`, role, from, pod, door: 'member', replication, letIn };
};

const PGBOUNCER = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d+) UTC \[\d+\] (LOG|WARNING) C-\w+: (\S+)\/(\S+)@([0-9a-f.:]+):\d+ (.*)$/;

const pgbouncerUse = (pod: string, line: string): CredentialUseSeen | undefined => {
  const [, day, time, , , role, from, message] = PGBOUNCER.exec(line) ?? [];
  if (day === undefined || time === undefined || role === undefined || from === undefined || message === undefined) return undefined;
  const letIn = message.startsWith('login attempt: ');
  if (!letIn && !/password authentication failed|SASL authentication failed|no such user/.test(message)) return undefined;
  return { at: `${day}T${time}Z`, role, from, pod, door: 'pooler', replication: false, letIn };
};

/** The uses in one container's log; lines about anything else are passed over. */
export const usesIn = (door: CredentialUseSeen['door'], pod: string, log: string): readonly CredentialUseSeen[] =>
  log.split('\n').flatMap((line) => (door === 'member' ? postgresUse(pod, line) : pgbouncerUse(pod, line)) ?? []);

export interface UseSummary {
  readonly role: string;
  readonly from: string;
  readonly door: CredentialUseSeen['door'];
  readonly letIn: number;
  readonly refused: number;
  readonly first: string;
  readonly last: string;
}

/** By role, origin and door, the newest last. */
export const summarize = (uses: readonly CredentialUseSeen[]): readonly UseSummary[] => {
  const groups = new Map<string, CredentialUseSeen[]>();
  for (const use of uses) {
    const key = `${use.role} ${use.from} ${use.door}`;
    groups.set(key, [...(groups.get(key) ?? []), use]);
  }
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const times = group.map((use) => use.at).toSorted();
      const letIn = group.filter((use) => use.letIn).length;
      const { role, from, door } = first;
      return [{ role, from, door, letIn, refused: group.length - letIn, first: times[0] ?? first.at, last: times.at(-1) ?? first.at }];
    })
    .toSorted((a, b) => a.last.localeCompare(b.last));
};
