/** What can be rotated, and in which order. */
import { loadAuthority, rotateAuthority, rotateCertificates } from './certificates';
import { loadCache, rotateCache } from './cache';
import { rotateDatabase } from './database';
import type { Timing } from './journal';
import { RotationError, type World } from './ports';
import { load } from './secrets';

export const SUBJECTS = ['database', 'cache', 'certificates', 'authority', 'all'] as const;
export type Subject = (typeof SUBJECTS)[number];

export interface HowToRotate {
  readonly compromised: boolean;
  readonly resume: boolean;
  readonly graceSeconds: number;
}

const DATABASE = (compromised: boolean): readonly string[] => [
  'make new logins beside those in use (application, replication, rewind), in the database and in every pooler',
  'log in with both, at every pooler and every member',
  'the new logins become the ones in use; Patroni and the poolers read their files again, nothing is restarted',
  'wait until every member replicates with the new login',
  ...(compromised ? [] : ['wait until no client of any pooler uses the old login']),
  'withdraw the old logins: no password, no login, their sessions end',
  'see them refused, at every pooler and every member',
  'forget the old passwords',
];
const CACHE = (compromised: boolean): readonly string[] => [
  'make a second password for every user of the cache (application, replication, operator); the keepers make every node read it',
  'log in with both, at every node',
  'the new passwords become the ones in use; keepers and nodes read them, nothing is restarted',
  'see every keeper and every node use them',
  compromised ? 'wait a few seconds, in which clients read the new password' : 'wait for the grace period, in which clients read the new password',
  'withdraw the old passwords, and see them refused by every node',
  ...(compromised ? ['end every connection of the cache, node by node: which password one was made with nobody knows'] : []),
  'forget the old passwords',
];
const CERTIFICATES = [
  'issue a new certificate for every server and client (etcd, PostgreSQL, Patroni, PgBouncer, the cache), signed by the same authority',
  'see every port serve its new one; nothing is restarted. The old ones stay good until they end: rotate the authority to have them refused',
] as const;
const AUTHORITY = [
  'make a new authority; trust both, everywhere; restart the members of etcd one after the other (they read whom they trust when they start)',
  'wait until clients have had time to read the new authority',
  'sign every certificate with the new authority',
  'trust the new one only; restart the members of etcd one after the other',
  'see a certificate of the old authority refused, by every member of etcd and of Patroni',
] as const;

/** What would be done, in sentences. */
export const planOf = (what: Subject, compromised: boolean): readonly string[] =>
  ({
    database: DATABASE(compromised),
    cache: CACHE(compromised),
    certificates: CERTIFICATES,
    authority: AUTHORITY,
    all: [...DATABASE(compromised), ...CACHE(compromised), ...AUTHORITY],
  })[what];

/** @throws RotationError when it can't begin or can't go on; both versions stay good then */
export const rotate = async (world: World, what: Subject, how: HowToRotate): Promise<readonly Timing[]> => {
  refuseUnreached(world, what);
  switch (what) {
    case 'database':
      return rotateDatabase(world, how);
    case 'cache':
      if (world.environment.cache === null) throw new RotationError(`environment "${world.environment.name}" has no cache`);
      return rotateCache(world, how);
    case 'certificates':
      if (how.resume) throw new RotationError('a rotation of certificates that was interrupted is simply repeated: leave --resume out');
      return rotateCertificates(world);
    case 'authority':
      return rotateAuthority(world, how);
    case 'all':
      return how.resume
        ? resumeAll(world, how)
        : [...(await rotateDatabase(world, how)), ...(await cacheIfAny(world, how)), ...(await rotateAuthority(world, how))];
  }
};

const cacheIfAny = (world: World, how: HowToRotate): Promise<readonly Timing[]> =>
  world.environment.cache === null ? Promise.resolve([]) : rotateCache(world, how);

/**
 * A standby region's members replicate with the same logins and trust the same authority, and its cache has the same passwords: changed here alone, they would be cut
 * off. Passwords are changed in all regions, where all can be reached; the authority is not changed in several regions in this release.
 */
const refuseUnreached = ({ environment, standbys }: World, what: Subject): void => {
  if (what === 'certificates') return;
  const missing = environment.regions.find(({ role, name }) => role === 'standby' && !standbys.some(({ region }) => region.name === name));
  if (missing !== undefined)
    throw new RotationError(
      `environment "${environment.name}" has a standby region (${missing.name}) that this can't reach, and whose members log in with the same passwords: ` +
        'a rotation would cut it off. Nothing was changed',
    );
  if (standbys.length > 0 && what !== 'database' && what !== 'cache')
    throw new RotationError(
      `environment "${environment.name}" has a standby region, which trusts the same authority; the authority is changed in one region only in this release, and would cut it off. ` +
        'Nothing was changed; possible are `rotate database`, `rotate cache` and `rotate certificates`',
    );
};

/** Ends what was begun; what had not been begun yet, if the database had been, follows. */
const resumeAll = async (world: World, how: HowToRotate): Promise<readonly Timing[]> => {
  const [{ credentials }, authority] = [await load(world), await loadAuthority(world)];
  const cache = world.environment.cache === null ? null : (await loadCache(world)).credentials.pending;
  if (credentials.pending === null && cache === null && authority.phase === null)
    throw new RotationError('there is no interrupted rotation to resume; leave --resume out to begin one');
  const database = credentials.pending === null ? [] : await rotateDatabase(world, how);
  // What comes before the interrupted one is done already.
  const passwords = authority.phase === null ? await cacheIfAny(world, { ...how, resume: cache !== null }) : [];
  return [...database, ...passwords, ...(await rotateAuthority(world, { ...how, resume: authority.phase !== null }))];
};
