/** Rotates the cache's passwords. The keepers make every node follow the Secrets; here each step is written, and seen by logging in before the next one begins. */
import { CACHE_KEEPER_PORT, type CacheStatus } from '../../lib/services/cache-keeper';
import { CACHE_PASSWORD_KEYS, CACHE_USER_NAMES, CACHE_USERS } from '../../lib/services/cache-users';
import {
  cacheCredentialsSecret,
  cachePasswordsInUse,
  cacheUsersOf,
  prepareCache,
  readCacheCredentials,
  readingOf,
  retireCache,
  settleCache,
  switchCache,
  type CacheCredentials,
  type CachePasswords,
} from '../../lib/services/rotation/cache-credentials';
import type { Phase } from '../../lib/services/rotation/credentials';
import { statusOf } from '../http-status';
import { atNode, knockAtCache } from './cache-logins';
import { journal, type Timing } from './journal';
import { locatedEverywhere, refreshSecrets, type Located } from './pods';
import { awaitNone, RotationError, type World } from './ports';
import { copyToStandbys, readSecret, readVersioned, requireAgreement, writeEverywhere, writeVersioned } from './secrets';

const CREDENTIALS = 'cache-credentials';
const USERS = 'cache-users';
const CA_OF = 'cache-server-tls';
const SPREAD_SECONDS = 150;
/** Clients of ours look at their credentials several times a second. */
const CLIENTS_READ_SECONDS = 5;

export interface CacheRotation {
  readonly compromised: boolean;
  readonly resume: boolean;
  /** How long clients may take to read the new password; nobody can see which of the two a client logged in with. */
  readonly graceSeconds: number;
}

interface Kept {
  readonly credentials: CacheCredentials;
  readonly resourceVersion: string;
  /** ISO time: of the Secret. */
  readonly createdAt: string;
}

export const loadCache = async (world: World): Promise<Kept> => {
  const { data, ...version } = await readVersioned(world, CREDENTIALS);
  return { credentials: readCacheCredentials(data), ...version };
};

export const rotateCache = async (world: World, options: CacheRotation): Promise<readonly Timing[]> => {
  const { timings, done } = journal(world);
  let kept = await begin(world, options);
  const verify = async (step: string, work: () => Promise<void>): Promise<void> => {
    await work();
    done(step);
  };
  const write = async (step: string, change: () => CacheCredentials): Promise<void> => {
    kept = await save(world, kept, change());
    done(step);
  };
  const phase = (): Phase | undefined => kept.credentials.pending?.phase;
  if (phase() === 'prepared') {
    await verify('both passwords are good, at every node of the cache', () => verifyBoth(world, kept.credentials));
    await write('the new passwords of the cache are in use', () => switchCache(kept.credentials));
  }
  if (phase() === 'switched') {
    await verify('keepers and nodes of the cache use the new passwords', () => verifySwitched(world, kept.credentials));
    const { copyOut } = world;
    if (copyOut !== undefined)
      await verify('AWS Secrets Manager has the new passwords of the cache', () => copyOut('cache', cachePasswordsInUse(kept.credentials)));
    const forced = kept.credentials.pending?.compromised === true;
    await verify('clients of the cache have had their time to read the new password', () =>
      world.sleep(forced ? CLIENTS_READ_SECONDS : Math.max(CLIENTS_READ_SECONDS, options.graceSeconds)),
    );
    await write('the old passwords of the cache are withdrawn', () => retireCache(kept.credentials));
  }
  await verify('the old passwords are refused by every node of the cache', () => verifyRefused(world, kept.credentials));
  if (kept.credentials.pending?.compromised === true) await verify('sessions of the cache have ended', () => endSessions(world, kept.credentials));
  await write('the old passwords of the cache are forgotten', () => settleCache(kept.credentials, new Date(world.now()).toISOString()));
  return timings;
};

/** @throws RotationError when a rotation is pending and it was not asked to be resumed, or the reverse */
const begin = async (world: World, { compromised, resume }: CacheRotation): Promise<Kept> => {
  const kept = await loadCache(world);
  const { pending } = kept.credentials;
  if (pending !== null) {
    if (!resume)
      throw new RotationError(
        `a rotation of the cache's passwords that began ${pending.startedAt} was interrupted (${pending.phase}); none is lost. Go on with --resume${compromised ? ' --compromised, then rotate again' : ''}`,
      );
    world.progress(`going on with the cache's rotation that began ${pending.startedAt} (${pending.phase})`);
    return save(world, kept, { ...kept.credentials, pending: { ...pending, compromised: compromised || pending.compromised } });
  }
  if (resume) throw new RotationError("there is no interrupted rotation of the cache's passwords to resume; leave --resume out to begin one");
  await requireAgreement(world, CREDENTIALS, cacheCredentialsSecret(kept.credentials), Object.values(CACHE_PASSWORD_KEYS));
  const startedAt = new Date(world.now()).toISOString();
  const prepared = await save(world, kept, prepareCache(kept.credentials, { id: startedAt, compromised, startedAt }));
  world.progress('new passwords of the cache made');
  return prepared;
};

/** First the passwords, which are the state; then the other regions' copies and the users' files. That it is over is written last, so that until then there is one to resume. */
const save = async (world: World, before: Kept, credentials: CacheCredentials): Promise<Kept> => {
  if (credentials.pending === null) await spread(world, credentials);
  try {
    await writeVersioned(world, CREDENTIALS, before.resourceVersion, cacheCredentialsSecret(credentials));
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
    throw new RotationError(
      "the cache's passwords were changed by somebody else meanwhile; nothing was written. Look at `holdfast rotate status`, then --resume",
    );
  }
  if (credentials.pending !== null) await spread(world, credentials);
  return loadCache(world);
};

const spread = async (world: World, credentials: CacheCredentials): Promise<void> => {
  await copyToStandbys(world, CREDENTIALS, cacheCredentialsSecret(credentials));
  await writeEverywhere(world, USERS, { 'users.acl': cacheUsersOf(credentials) });
  await refreshSecrets(world, ['cache', 'cache-keeper', 'cache-sync']);
  await world.publish();
};

const caOf = async (world: World): Promise<string> => (await readSecret(world, CA_OF)).data['ca.crt'] ?? '';

/** Every node of the cache, with what it complains of. A node that is not there is not asked: it reads the files when it starts. */
const complaints = async (world: World, ask: (node: Located, ca: string) => Promise<readonly string[]>): Promise<readonly string[]> => {
  const [nodes, ca] = await Promise.all([locatedEverywhere(world, 'cache'), caOf(world)]);
  if (nodes.length === 0) return ['no node of the cache has an address'];
  // One after the other: dozens of handshakes at once would be felt by whoever else uses the nodes.
  const found: string[] = [];
  for (const node of nodes) found.push(...(await ask(node, ca)));
  return found;
};

const knockAll =
  (passwords: CachePasswords, wanted: 'let in' | 'refused') =>
  async (node: Located, ca: string): Promise<readonly string[]> => {
    const found = await Promise.all(
      CACHE_USER_NAMES.map(async (name) => {
        const attempt = await knockAtCache(node.address, { user: CACHE_USERS[name], password: passwords[name] }, ca);
        if (attempt.kind === wanted) return [];
        return [`${node.name} as ${CACHE_USERS[name]}: ${attempt.kind}${attempt.kind === 'let in' ? '' : ` (${attempt.because})`}`];
      }),
    );
    return found.flat();
  };

const others = ({ other }: CacheCredentials): CachePasswords => {
  if (other === null) throw new Error('a pending rotation has two passwords for each user, and there is one');
  return other;
};

const verifyBoth = (world: World, credentials: CacheCredentials): Promise<void> =>
  awaitNone(world, "both of the cache's passwords are good", SPREAD_SECONDS, async () => [
    ...(await complaints(world, knockAll(others(credentials), 'let in'))),
    ...(await complaints(world, knockAll(credentials.active, 'let in'))),
  ]);

/** A keeper that had the old ones would lead nodes back to them: the keepers first. */
const verifySwitched = async (world: World, credentials: CacheCredentials): Promise<void> => {
  const { active } = credentials;
  await awaitNone(world, 'the keepers have read the new passwords', SPREAD_SECONDS, async () => {
    const keepers = await locatedEverywhere(world, 'cache-keeper');
    const wanted = readingOf(active.operator, active.replication, cacheUsersOf(credentials));
    const found = await Promise.all(keepers.map(async (keeper) => ((await readingAt(keeper)) === wanted ? [] : [`${keeper.name} has not`])));
    return keepers.length === 0 ? ['no keeper has an address'] : found.flat();
  });
  await awaitNone(world, 'the nodes replicate with the new password', SPREAD_SECONDS, () =>
    complaints(world, async (node, ca) => {
      try {
        const reply = await atNode(node.address, { user: CACHE_USERS.operator, password: active.operator }, ca, (call) => call('CONFIG', 'GET', 'masterauth'));
        return Array.isArray(reply) && reply[1] === active.replication ? [] : [`${node.name} has another`];
      } catch (error) {
        return [`${node.name}: ${error instanceof Error ? error.message : String(error)}`];
      }
    }),
  );
};

const readingAt = async ({ address }: Located): Promise<string | null> => {
  try {
    const response = await fetch(`http://${address}:${CACHE_KEEPER_PORT}/status`, { signal: AbortSignal.timeout(3000) });
    return response.ok ? ((await response.json()) as CacheStatus).reading : null;
  } catch {
    return null; // not known: asked again
  }
};

const verifyRefused = (world: World, credentials: CacheCredentials): Promise<void> =>
  awaitNone(world, 'the old passwords are refused by every node of the cache', SPREAD_SECONDS, () =>
    complaints(world, knockAll(others(credentials), 'refused')),
  );

/** Between two replicas of a master, and between two nodes: the one follows again before the next is cut off, so that the master goes on accepting. */
const BETWEEN_SECONDS = 1;
const WITHOUT_REPLICATION = CACHE_USER_NAMES.filter((name) => name !== 'replication');

/** A connection outlives the password that it was made with. Which one that was nobody knows: all of them end, and are made anew with the new one. */
const endSessions = async (world: World, { active }: CacheCredentials): Promise<void> => {
  const ca = await caOf(world);
  for (const node of await locatedEverywhere(world, 'cache')) {
    world.signal.throwIfAborted();
    await atNode(node.address, { user: CACHE_USERS.operator, password: active.operator }, ca, async (call) => {
      for (const name of WITHOUT_REPLICATION) await call('CLIENT', 'KILL', 'USER', CACHE_USERS[name]);
      const replicas = [...String(await call('CLIENT', 'LIST', 'TYPE', 'replica')).matchAll(/^id=(\d+) /gm)].map(([, id]) => id ?? '');
      for (const id of replicas) {
        await call('CLIENT', 'KILL', 'ID', id);
        await world.sleep(BETWEEN_SECONDS);
      }
    });
    await world.sleep(BETWEEN_SECONDS);
  }
};
