/** How old everything is that is rotated, and when it is due. */
import { loadAuthority } from './certificates';
import { load } from './secrets';
import type { World } from './ports';

export interface SecretStatus {
  readonly name: string;
  /** ISO time; null: as it was made, never rotated. */
  readonly rotatedAt: string | null;
  readonly ageDays: number | null;
  readonly dueInDays: number | null;
  readonly overdue: boolean;
  /** An interrupted rotation, or one that runs. */
  readonly pending: string | null;
}

const DAY_MS = 86_400_000;

export const statusOfSecrets = async (world: World): Promise<readonly SecretStatus[]> => {
  const { credentials } = await load(world);
  const every = world.environment.rotation.databaseEvery / 86_400;
  const { ageDays } = ageOf(world, credentials.rotatedAt);
  const dueInDays = ageDays === null ? null : every - ageDays;
  const authority = await loadAuthority(world);
  const { pending } = credentials;
  return [
    {
      ...{ name: 'database', rotatedAt: credentials.rotatedAt, ageDays, dueInDays },
      overdue: dueInDays !== null && dueInDays < 0,
      pending: pending === null ? null : `${pending.phase}, begun ${pending.startedAt}`,
    },
    { name: 'authority', rotatedAt: authority.rotatedAt, ...ageOf(world, authority.rotatedAt), dueInDays: null, overdue: false, pending: authority.phase },
  ];
};

const ageOf = (world: World, rotatedAt: string | null): { readonly ageDays: number | null } => ({
  ageDays: rotatedAt === null ? null : (world.now() - Date.parse(rotatedAt)) / DAY_MS,
});

const days = (n: number): string => `${n.toFixed(1)} days`;

export const statusLines = (all: readonly SecretStatus[]): string =>
  all
    .map(({ name, ageDays, dueInDays, pending }) => {
      const due = dueInDays === null ? '' : dueInDays < 0 ? `, overdue by ${days(-dueInDays)}` : `, due in ${days(dueInDays)}`;
      const age = ageDays === null ? 'never rotated' : `rotated ${days(ageDays)} ago${due}`;
      return `${name.padEnd(14)} ${age}${pending === null ? '' : `; a rotation is not finished (${pending}): go on with --resume`}\n`;
    })
    .join('');
