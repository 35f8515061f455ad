/** pgBackRest: where base backups and write-ahead log go, and how they get there. */
import {
  BACKUP_SERVER_PORT,
  backupBucketName,
  backupRoleName,
  backupStanza,
  NAMESPACE,
  POSTGRES_PORT,
  postgresMemberNames,
  postgresName,
  repositoryRegions,
} from '../topology/derive';
import type { Environment, Region } from '../topology/types';
import { PGBACKREST_SECRETS_DIR, PGBACKREST_SPOOL_DIR, PGDATA, POSTGRES_SOCKET_DIR, SCRATCH_MOUNT, TLS_DIRS, tlsFiles } from './paths';
import { walSize } from './wal-size';

/** The S3 store behind the repositories: what differs between AWS and a store of one's own. */
export interface BackupStorage {
  /** By region. `host`: reached there instead of at the endpoint's own name. */
  readonly buckets: Readonly<Record<string, { readonly bucket: string; readonly endpoint: string }>>;
  /** `web-id`: by the role of the pod's service account (IRSA); `shared`: by keys in the Secret `backup-repository`. */
  readonly credentials: 'web-id' | 'shared';
  /** Given to the service account's annotation; null where there are no roles. */
  readonly roleArn: string | null;
  readonly addressing: 'host' | 'path';
  /** `public`: the system's certificate authorities; `provided`: `ca.crt` in the Secret `backup-repository`. */
  readonly authority: 'public' | 'provided';
}

/** AWS' own S3. @param account the account's id, or what CloudFormation puts in its place */
export const awsBackupStorage = (environment: Environment, region: Region, account: string, partition = 'aws'): BackupStorage => ({
  buckets: Object.fromEntries(
    environment.regions.map((r) => [r.name, { bucket: backupBucketName(environment, r, account), endpoint: `s3.${r.name}.amazonaws.com` }]),
  ),
  credentials: 'web-id',
  roleArn: `arn:${partition}:iam::${account}:role/${backupRoleName(environment, region)}`,
  addressing: 'host',
  authority: 'public',
});

export const PGBACKREST_CONFIG_FILE = 'pgbackrest.conf';
/** The operating system's user in the container, as PostgreSQL's role of this name: over the Unix socket, without a password. */
export const BACKUP_ROLE = 'backup';
/** The client certificate's common name by which a backup job is let in. */
export const BACKUP_CLIENT = 'holdfast-backup';

type Options = Readonly<Record<string, string | number>>;

const section = (name: string, options: Options): string =>
  `[${name}]\n${Object.entries(options)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')}`;

const numbered = (prefix: string, n: number, options: Options): Options =>
  Object.fromEntries(Object.entries(options).map(([key, value]) => [`${prefix}${n}-${key}`, value]));

const repository = (environment: Environment, region: Region, storage: BackupStorage): Options => {
  const place = storage.buckets[region.name];
  if (place === undefined) throw new Error(`there is no bucket for the backups of ${region.name}`);
  return {
    type: 's3',
    path: '/pgbackrest',
    's3-bucket': place.bucket,
    's3-endpoint': place.endpoint,
    's3-region': region.name,
    's3-key-type': storage.credentials,
    's3-uri-style': storage.addressing,
    ...(storage.authority === 'provided' ? { 'storage-ca-file': `${PGBACKREST_SECRETS_DIR}/ca.crt` } : {}),
    // Encrypted before it leaves the pod: whoever can read the bucket has nothing. The passphrase is in the Secret.
    'cipher-type': 'aes-256-cbc',
    'retention-full-type': 'time',
    'retention-full': environment.backups.retentionDays,
    // Thousands of small files become a few objects, and a differential backup stores the changed parts of a large file.
    bundle: 'y',
    block: 'y',
  };
};

const merged = (parts: readonly Options[]): Options => Object.fromEntries(parts.flatMap((part) => Object.entries(part)));

const common = (environment: Environment, region: Region, storage: BackupStorage): Options => ({
  ...merged(repositoryRegions(environment, region).map((r, i) => numbered('repo', i + 1, repository(environment, r, storage)))),
  'process-max': environment.backups.processMax,
  'compress-type': 'zst',
  'log-level-console': 'warn',
  'log-level-stderr': 'off',
  'log-level-file': 'off',
  'lock-path': '/tmp/pgbackrest',
  'spool-path': PGBACKREST_SPOOL_DIR,
  // A backup begins at once instead of waiting for the next spread checkpoint.
  'start-fast': 'y',
});

const localServer: Options = { 'pg1-path': PGDATA, 'pg1-socket-path': POSTGRES_SOCKET_DIR, 'pg1-port': POSTGRES_PORT, 'pg1-user': BACKUP_ROLE };

/** For a member: it pushes its write-ahead log, and lets backup jobs in. */
export const memberPgbackrestConf = (environment: Environment, region: Region, storage: BackupStorage): string => {
  const server = tlsFiles(TLS_DIRS.postgres);
  return [
    section('global', {
      ...common(environment, region, storage),
      // PostgreSQL gets its answer from the spool; the transfer goes on beside it, several segments at a time.
      'archive-async': 'y',
      'archive-timeout': 30,
      // A restore replays as fast as segments are there: fetched ahead by few long runs, not by a new one (and its connections) for every few segments.
      'archive-get-queue-max': walSize(region, 4, 1024),
      // With the store away for so long that this much is waiting, segments are given up (a gap in the archive, told in the log) before the disk is full.
      'archive-push-queue-max': walSize(region, 4, 65_536),
      'tls-server-address': '*',
      'tls-server-port': BACKUP_SERVER_PORT,
      'tls-server-ca-file': server.ca,
      'tls-server-cert-file': server.cert,
      'tls-server-key-file': server.key,
      'tls-server-auth': `${BACKUP_CLIENT}=${backupStanza(environment)}`,
    }),
    section(backupStanza(environment), localServer),
  ].join('\n');
};

/** For a backup job: it finds the primary and a standby by itself, and copies from the standby. */
export const jobPgbackrestConf = (environment: Environment, region: Region, storage: BackupStorage): string => {
  const client = tlsFiles(TLS_DIRS.backupClient);
  const members = postgresMemberNames(region).map((member, i) =>
    numbered('pg', i + 1, {
      host: `${member}.${postgresName(region)}.${NAMESPACE}.svc.cluster.local`,
      'host-type': 'tls',
      'host-port': BACKUP_SERVER_PORT,
      'host-ca-file': client.ca,
      'host-cert-file': client.cert,
      'host-key-file': client.key,
      path: PGDATA,
      'socket-path': POSTGRES_SOCKET_DIR,
      port: POSTGRES_PORT,
      user: BACKUP_ROLE,
    }),
  );
  return [
    section('global', { ...common(environment, region, storage), 'spool-path': '/tmp/spool', 'backup-standby': 'prefer' }),
    section(backupStanza(environment), merged(members)),
  ].join('\n');
};

/** For an isolated copy: the repositories, and a place of its own. Nothing in it can reach a member. */
export const clonePgbackrestConf = (environment: Environment, region: Region, storage: BackupStorage): string =>
  [
    section('global', { ...common(environment, region, storage), 'spool-path': `${SCRATCH_MOUNT}/spool`, 'archive-async': 'y' }),
    section(backupStanza(environment), { ...localServer, 'pg1-path': `${SCRATCH_MOUNT}/pgdata` }),
  ].join('\n');

/** For the standby that stays behind: it reads the archive, and archives nothing. */
export const delayedPgbackrestConf = (environment: Environment, region: Region, storage: BackupStorage): string =>
  [section('global', { ...common(environment, region, storage), 'archive-async': 'y' }), section(backupStanza(environment), localServer)].join('\n');

/** PostgreSQL's archive_command. */
export const archiveCommand = (environment: Environment): string => `/usr/local/bin/pgbackrest-archive-push ${backupStanza(environment)} "%p"`;
/** For what recovers from the archive; the members of a running cluster have no restore_command: see docs/adr/0302. */
export const restoreCommand = (environment: Environment): string => `pgbackrest --stanza=${backupStanza(environment)} archive-get %f "%p"`;

/** The text of the Secret's `repository.conf`: one passphrase for all repositories, and keys where there is no role. */
export const repositorySecrets = (repositories: number, cipher: string, keys?: { readonly access: string; readonly secret: string }): string =>
  section(
    'global',
    merged(
      Array.from({ length: repositories }, (_, i) =>
        numbered('repo', i + 1, { 'cipher-pass': cipher, ...(keys === undefined ? {} : { 's3-key': keys.access, 's3-key-secret': keys.secret }) }),
      ),
    ),
  );
