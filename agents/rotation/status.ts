/** How old everything is that is rotated, and when it is due. */
import type { Pending } from '../../lib/services/rotation/credentials';
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
  readonly pending: Pending | null;
}

const DAY_MS = 86_400_000;

export const statusOfSecrets = async (world: World): Promise<readonly SecretStatus[]> => {
  const { credentials } = await load(world);
  const every = world.environment.rotation.databaseEvery / 86_400;
  const ageDays = credentials.rotatedAt === null ? null : (world.now() - Date.parse(credentials.rotatedAt)) / DAY_MS;
  const dueInDays = ageDays === null ? null : every - ageDays;
  return [
    { name: 'database', rotatedAt: credentials.rotatedAt, ageDays, dueInDays, overdue: dueInDays !== null && dueInDays < 0, pending: credentials.pending },
  ];
};

const days = (n: number): string => `${n.toFixed(1)} days`;

export const statusLines = (all: readonly SecretStatus[]): string =>
  all
    .map(({ name, ageDays, dueInDays, pending }) => {
      const age =
        ageDays === null || dueInDays === null
          ? 'never rotated'
          : `rotated ${days(ageDays)} ago, ${dueInDays < 0 ? `overdue by ${days(-dueInDays)}` : `due in ${days(dueInDays)}`}`;
      return `${name.padEnd(14)} ${age}${pending === null ? '' : `; a rotation of ${pending.startedAt} is ${pending.phase}: go on with --resume`}\n`;
    })
    .join('');
