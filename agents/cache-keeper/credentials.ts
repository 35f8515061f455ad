/**
 * Keeps the nodes' passwords, users and certificates as the Secrets have them. A node reads its files when it starts; when they change while it runs, a keeper,
 * which has the same Secrets mounted, tells it to read them again, until what it has is what is wanted.
 */
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { cacheHost, type CacheKeeperConfig } from '../../lib/services/cache-keeper';
import { readingOf } from '../../lib/services/rotation/cache-credentials';
import { readText } from '../checks';
import { reasonOf, type Log } from '../follower/log';
import { operatorPassword } from './config';
import type { Connections, Reply } from './connections';

export interface Wanted {
  /** users.acl. */
  readonly users: string;
  readonly replicationPassword: string;
  /** SHA-256 fingerprint of the certificate that nodes are to serve. */
  readonly fingerprint: string;
  /** What the keeper has read, for those who wait for it. */
  readonly reading: string;
}

/** What a node has. */
export interface Had {
  /** ACL LIST. */
  readonly users: readonly string[];
  readonly replicationPassword: string;
  readonly fingerprint: string;
}

/** @throws ConfigError when a file can't be read */
export const readWanted = (config: CacheKeeperConfig): Wanted => {
  const { files } = config;
  const users = readText(files.users);
  const replicationPassword = readText(files.replicationPassword).trim();
  return {
    users,
    replicationPassword,
    fingerprint: new X509Certificate(readText(files.certificate)).fingerprint256,
    reading: readingOf(operatorPassword(config), replicationPassword, users),
  };
};

/** Every user with the digests of its passwords, in an order of their own: the rest of a line is written differently by a server and in a file. */
export const digestsOf = (lines: readonly string[]): string =>
  lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([word, name]) => word === 'user' && name !== undefined && name !== 'default')
    .map((words) => [words[1], ...words.filter((word) => word.startsWith('#')).sort()].join(' '))
    .sort()
    .join('\n');

/** What makes a node have what is wanted; empty: it has. Pure. */
export const remedies = (wanted: Wanted, had: Had, nodeTls: CacheKeeperConfig['nodeTls']): readonly (readonly string[])[] => [
  ...(digestsOf(had.users) === digestsOf(wanted.users.split('\n')) ? [] : [['ACL', 'LOAD']]),
  ...(had.replicationPassword === wanted.replicationPassword ? [] : [['CONFIG', 'SET', 'masterauth', wanted.replicationPassword]]),
  // The same names: naming them has them read.
  ...(had.fingerprint === wanted.fingerprint
    ? []
    : [['CONFIG', 'SET', 'tls-cert-file', nodeTls.cert, 'tls-key-file', nodeTls.key, 'tls-ca-cert-file', nodeTls.ca]]),
];

const HANDSHAKE_MS = 3000;

/** @throws Error when the node does not answer in time */
const servedFingerprint = (pod: string, port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    // Which certificate it is is what is asked; whether it is to be trusted is asked by every connection that does something.
    const socket = connect({ host: cacheHost(pod), port, servername: cacheHost(pod), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    });
    socket.setTimeout(HANDSHAKE_MS, () => socket.destroy(new Error(`${pod}: no handshake within ${HANDSHAKE_MS / 1000} s`)));
    socket.on('error', reject);
  });

const texts = (reply: Reply): readonly string[] => (Array.isArray(reply) ? reply.map(String) : []);

const hadBy = async ({ call }: Connections, pod: string, port: number): Promise<Had> => {
  const [users, auth, fingerprint] = await Promise.all([call(pod, ['ACL', 'LIST']), call(pod, ['CONFIG', 'GET', 'masterauth']), servedFingerprint(pod, port)]);
  return { users: texts(users), replicationPassword: texts(auth)[1] ?? '', fingerprint };
};

/** A node that has what is wanted is asked again after so long: it may have been restarted with older files. */
const ASK_AGAIN_MS = 30_000;

export interface CredentialKeeper {
  /** One round over the nodes that answer. @returns whether everything was accepted */
  readonly follow: (pods: readonly string[]) => Promise<boolean>;
  /** Null: nothing could be read yet. */
  readonly reading: () => string | null;
}

export const credentialKeeper = (connections: Connections, config: CacheKeeperConfig, log: Log, now: () => number): CredentialKeeper => {
  const settled = new Map<string, { readonly key: string; readonly at: number }>();
  let wanted: Wanted | undefined;

  const followOne = async (pod: string, target: Wanted): Promise<boolean> => {
    const key = `${target.reading} ${target.fingerprint}`;
    const last = settled.get(pod);
    if (last?.key === key && now() - last.at < ASK_AGAIN_MS) return true;
    try {
      const commands = remedies(target, await hadBy(connections, pod, config.port), config.nodeTls);
      for (const command of commands) {
        await connections.call(pod, command);
        log('told to read its files again', `${pod}: ${command.slice(0, 3).join(' ')}`);
      }
      // Whether it helped is seen with the next round: a node's own files may be older than ours.
      if (commands.length === 0) settled.set(pod, { key, at: now() });
      else settled.delete(pod);
      return true;
    } catch (error) {
      settled.delete(pod);
      log('credentials not followed', `${pod}: ${reasonOf(error)}`);
      return false;
    }
  };
  return {
    follow: async (pods) => {
      try {
        wanted = readWanted(config);
      } catch (error) {
        log('credentials not read', reasonOf(error));
        return false;
      }
      const target = wanted;
      return (await Promise.all(pods.map((pod) => followOne(pod, target)))).every(Boolean);
    },
    reading: () => wanted?.reading ?? null,
  };
};
