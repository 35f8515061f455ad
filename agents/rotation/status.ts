/** How old everything is that is rotated, and when it is due. */
import { loadCache } from './cache';
import { loadAuthority } from './certificates';
import { load } from './secrets';
import type { World } from './ports';
import type { Pending } from '../../lib/services/rotation/credentials';

export interface SecretStatus {
  readonly name: string;
  /** ISO time; null: as it was made, never rotated. */
  readonly rotatedAt: string | null;
  /** Of passwords since they were made, when they were never rotated. */
  readonly ageDays: number | null;
  readonly dueInDays: number | null;
  readonly overdue: boolean;
  /** An interrupted rotation, or one that runs. */
  readonly pending: string | null;
}

const DAY_SECONDS = 86_400;
const DAY_MS = DAY_SECONDS * 1000;

export const statusOfSecrets = async (world: World): Promise<readonly SecretStatus[]> => {
  const authority = await loadAuthority(world);
  return [
    passwordStatus(world, 'database', await load(world)),
    ...(world.environment.cache === null ? [] : [passwordStatus(world, 'cache', await loadCache(world))]),
    { name: 'authority', rotatedAt: authority.rotatedAt, ...ageOf(world, authority.rotatedAt), dueInDays: null, overdue: false, pending: authority.phase },
  ];
};

interface Changing {
  readonly rotatedAt: string | null;
  readonly pending: Pending | null;
}

const passwordStatus = (
  world: World,
  name: string,
  { credentials: { rotatedAt, pending }, createdAt }: { readonly credentials: Changing; readonly createdAt: string },
): SecretStatus => {
  const every = world.environment.rotation.databaseEvery / DAY_SECONDS;
  const { ageDays } = ageOf(world, rotatedAt ?? createdAt);
  const dueInDays = ageDays === null || every === 0 ? null : every - ageDays;
  return {
    ...{ name, rotatedAt, ageDays, dueInDays },
    overdue: dueInDays !== null && dueInDays < 0,
    pending: pending === null ? null : `${pending.phase}, begun ${pending.startedAt}`,
  };
};

const ageOf = (world: World, rotatedAt: string | null): { readonly ageDays: number | null } => ({
  ageDays: rotatedAt === null ? null : (world.now() - Date.parse(rotatedAt)) / DAY_MS,
});

const days = (n: number): string => `${n.toFixed(1)} days`;

export const statusLines = (all: readonly SecretStatus[]): string =>
  all
    .map(({ name, rotatedAt, ageDays, dueInDays, pending }) => {
      const due = dueInDays === null ? '' : dueInDays < 0 ? `, overdue by ${days(-dueInDays)}` : `, due in ${days(dueInDays)}`;
      const age = ageDays === null ? 'never rotated' : `${rotatedAt === null ? 'made' : 'rotated'} ${days(ageDays)} ago${due}`;
      return `${name.padEnd(14)} ${age}${pending === null ? '' : `; a rotation is not finished (${pending}): go on with --resume`}\n`;
    })
    .join('');
