/** Rotates certificates: every server reads its files again, nothing is restarted but etcd's members when the authority changes. */
import { X509Certificate } from 'node:crypto';
import {
  AUTHORITY_SECRET,
  authoritySecret,
  introduce,
  leaveOld,
  readAuthority,
  settleAuthority,
  signedSecrets,
  signWithNext,
  trusted,
  type Authority,
  type SignedSecret,
} from '../../lib/services/rotation/authority';
import { ETCD_CLIENT_PORT, ETCD_PEER_PORT, NAMESPACE, PATRONI_PORT, POOLER_PORT, POSTGRES_PORT } from '../../lib/topology/derive';
import { CACHE_PORT } from '../../lib/topology/cache-placement';
import { located, podsOf, refreshSecrets, type Located, type Pod } from './pods';
import { awaitNone, RotationError, type World } from './ports';
import { certificateTaken, servedFingerprint, type ClientTls, type Port } from './served';
import { readSecret, writeSecret } from './secrets';
import { journal, type Timing } from './journal';

const SPREAD_SECONDS = 150;
const RESTART_SECONDS = 120;
/** Clients of ours look at their files every two seconds (agents/follower/tls.ts), Patroni with each new connection. */
const CLIENTS_READ_SECONDS = 5;

export const rotateCertificates = async (world: World): Promise<readonly Timing[]> => {
  const log = journal(world);
  const authority = await loadAuthority(world);
  await issue(world, authority);
  log.done('new certificates are issued, and every port serves its own');
  return log.timings;
};

export interface AuthorityRotation {
  readonly compromised: boolean;
  readonly resume: boolean;
  /** Clients outside need so long to read the new authority; nobody can see whether they have. */
  readonly graceSeconds: number;
}

export const rotateAuthority = async (world: World, options: AuthorityRotation): Promise<readonly Timing[]> => {
  const log = journal(world);
  let state = await loadAuthority(world);
  const old = await clientTls(world);
  if (state.phase === null && options.resume)
    throw new RotationError('there is no interrupted replacement of the authority to resume; leave --resume out to begin one');
  if (state.phase !== null && !options.resume)
    throw new RotationError(`the authority is being replaced (${state.phase}), and that was interrupted; both are good, nothing is lost. Go on with --resume`);
  const enter = async (next: Authority, step: string): Promise<void> => {
    await writeSecret(world, AUTHORITY_SECRET, authoritySecret(next));
    state = next;
    await issue(world, state);
    log.done(step);
  };
  // What was interrupted may not have reached everybody.
  if (state.phase !== null) await enter(state, `going on: both are good (${state.phase})`);
  else await enter(introduce(state, await world.newAuthority()), 'both authorities are in every file');
  if (state.phase === 'trusting') {
    await restartEtcd(world);
    log.done('etcd trusts both');
    await world.sleep(options.compromised ? CLIENTS_READ_SECONDS : Math.max(CLIENTS_READ_SECONDS, options.graceSeconds));
    log.done('clients have had their time to read the new one');
    await enter(signWithNext(state), 'every certificate is signed by the new authority');
  }
  if (state.phase === 'signing') {
    await world.sleep(CLIENTS_READ_SECONDS);
    await enter(leaveOld(state), 'only the new authority is in every file');
  }
  await restartEtcd(world);
  log.done('etcd trusts the new one only');
  await verifyRefused(world, old);
  log.done('a certificate of the old authority is refused everywhere');
  await writeSecret(world, AUTHORITY_SECRET, authoritySecret(settleAuthority(state, new Date(world.now()).toISOString())));
  return log.timings;
};

export const loadAuthority = async (world: World): Promise<Authority> => readAuthority((await readSecret(world, AUTHORITY_SECRET)).data);

const clientTls = async (world: World): Promise<ClientTls> => {
  const { data } = await readSecret(world, 'patroni-client-tls');
  return { ca: data['ca.crt'] ?? '', cert: data['tls.crt'] ?? '', key: data['tls.key'] ?? '' };
};

/** New pairs for everybody, with what is to be trusted now. Always new ones: Patroni's REST API reads its files again when its certificate's number has changed. */
const issue = async (world: World, authority: Authority): Promise<void> => {
  for (const name of signedSecrets(world.environment)) {
    const pair = await world.issue(name, authority.current);
    await writeSecret(world, name, { 'tls.crt': pair.certificate, 'tls.key': pair.key, 'ca.crt': trusted(authority) });
  }
  await refreshSecrets(world, ['etcd', 'postgres', 'pgbouncer', 'cache', 'cache-keeper']);
  await verifyServed(world);
  // Clients are told when the servers are ready: nobody logs in anew while they read their files.
  await world.publish();
};

interface Served {
  readonly secret: SignedSecret;
  readonly port: Port;
}

const ports = async ({ cluster }: World): Promise<readonly Served[]> => {
  const [etcd, members, poolers, nodes] = await Promise.all(
    (['etcd', 'postgres', 'pgbouncer', 'cache'] as const).map((component) => located(cluster, component)),
  );
  const at = (pods: readonly Located[] = [], secret: SignedSecret, port: number, speaks: Port['speaks']): Served[] =>
    pods.map((pod) => ({ secret, port: { name: `${pod.name}:${port}`, host: pod.address, port, speaks } }));
  return [
    ...at(etcd, 'etcd-server-tls', ETCD_CLIENT_PORT, 'tls'),
    ...at(etcd, 'etcd-peer-tls', ETCD_PEER_PORT, 'tls'),
    ...at(members, 'postgres-server-tls', POSTGRES_PORT, 'postgres'),
    ...at(members, 'postgres-server-tls', PATRONI_PORT, 'tls'),
    ...at(poolers, 'pgbouncer-server-tls', POOLER_PORT, 'postgres'),
    ...at(nodes, 'cache-server-tls', CACHE_PORT, 'tls'),
  ];
};

const verifyServed = (world: World): Promise<void> =>
  awaitNone(world, 'every port serves its new certificate', SPREAD_SECONDS, async () => {
    const wanted = new Map<SignedSecret, string>();
    for (const name of signedSecrets(world.environment))
      wanted.set(name, new X509Certificate((await readSecret(world, name)).data['tls.crt'] ?? '').fingerprint256);
    const found = await Promise.all(
      (await ports(world)).map(async ({ secret, port }) => {
        try {
          return (await servedFingerprint(port)) === wanted.get(secret) ? undefined : `${port.name} serves another certificate`;
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
      }),
    );
    return found.filter((complaint) => complaint !== undefined);
  });

/** By etcd, whose members know nobody without a certificate, and by Patroni, for what changes something. */
const verifyRefused = (world: World, old: ClientTls): Promise<void> =>
  awaitNone(world, 'a certificate of the old authority is refused everywhere', SPREAD_SECONDS, async () => {
    const [etcd, members] = await Promise.all([located(world.cluster, 'etcd'), located(world.cluster, 'postgres')]);
    const doors = [
      ...etcd.map((pod) => ({ pod, port: ETCD_CLIENT_PORT, path: '/v3/maintenance/status' })),
      ...members.map((pod) => ({ pod, port: PATRONI_PORT, path: '/reload' })),
    ];
    const found = await Promise.all(
      doors.map(async ({ pod, port, path }) => {
        const answer = await certificateTaken(pod.address, port, path, old);
        return answer === 'refused' ? undefined : `${pod.name}:${port}: ${answer}`;
      }),
    );
    return found.filter((complaint) => complaint !== undefined);
  });

/** etcd reads certificates with each handshake, but whom it trusts only when it starts: one member after the other, each ready before the next. */
const restartEtcd = async (world: World): Promise<void> => {
  const all = await podsOf(world.cluster, 'etcd');
  await awaitNone(world, 'etcd is whole', RESTART_SECONDS, () => unready(world, all.length));
  for (const { metadata } of all) {
    world.signal.throwIfAborted();
    await world.cluster.remove(`/api/v1/namespaces/${NAMESPACE}/pods/${metadata.name}`);
    world.progress(`${metadata.name} restarts`);
    await awaitNone(world, `${metadata.name} is back`, RESTART_SECONDS, async () => {
      const pod = (await podsOf(world.cluster, 'etcd')).find((p) => p.metadata.name === metadata.name);
      return pod === undefined || pod.metadata.uid === metadata.uid ? [`${metadata.name} is not replaced yet`] : [];
    });
    await awaitNone(world, 'etcd is whole', RESTART_SECONDS, () => unready(world, all.length));
    // Patroni's requests find a member that is there again: two members that restart within its patience look like a lost quorum to it, and the primary gives up.
    await world.sleep(settleSeconds(world));
  }
};

const settleSeconds = ({ region: { postgres } }: World): number => Math.max(10, postgres.patroni.loopWait + 2 * postgres.patroni.retryTimeout);

const isReady = ({ status, metadata }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && (status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false);

const unready = async (world: World, wanted: number): Promise<readonly string[]> => {
  const ready = (await podsOf(world.cluster, 'etcd')).filter(isReady).length;
  return ready === wanted ? [] : [`${ready} of ${wanted} members of etcd are ready`];
};
