/**
 * rotation: what `holdfast rotate database` and `holdfast rotate cache` do, from within the cluster.
 *
 *   rotation due | now
 *
 * `due`: what is due, and what was interrupted; `now`: at once. Its log tells what it does. Exit code 0: done, or nothing is due; 1: stopped, both versions are good,
 * and the next run goes on. Certificates are not its subject: cert-manager renews them.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROTATION_CONFIG_DIR } from '../../lib/services/paths';
import type { RotationConfig } from '../../lib/services/rotation/job';
import { reasonOf } from '../follower/log';
import { ApiError, inCluster, Kubernetes } from '../restore/kubernetes';
import { withLock } from './lock';
import { RotationError, type World } from './ports';
import { rotate } from './rotate';
import { copyToSecretsManager } from './secrets-manager';
import { statusOfSecrets, type SecretStatus } from './status';

const CONFIGURATION = `${ROTATION_CONFIG_DIR}/rotation.json`;
const say = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);

const byCertManager = (): Promise<never> => Promise.reject(new RotationError('certificates are renewed by cert-manager, not by this job'));

const worldOf = (api: Kubernetes, { environment, region: name, copy }: RotationConfig, signal: AbortSignal): World => {
  const region = environment.regions.find((one) => one.name === name);
  if (region === undefined) throw new Error(`${CONFIGURATION}: given region ${name}; allowed: a region of environment ${environment.name}`);
  return {
    environment,
    region,
    cluster: {
      get: (path) => api.get(path),
      list: (path) => api.list(path),
      create: async (path, object) => {
        if (!(await api.create(path, object as object))) throw new ApiError(`POST ${path}`, 409, 'it is there already');
      },
      patch: (path, change) => api.patch(path, change as object),
      remove: (path) => api.remove(path),
    },
    // This job's rights end with its cluster.
    standbys: [],
    now: Date.now,
    sleep: async (seconds) => {
      await sleep(seconds * 1000);
    },
    progress: say,
    signal,
    // Applications read the Secrets themselves.
    publish: () => Promise.resolve(),
    ...(copy === null ? {} : { copyOut: copyToSecretsManager(copy) }),
    issue: byCertManager,
    newAuthority: byCertManager,
  };
};

/** Passwords only, in the order of `rotate all`. */
const SUBJECTS = ['database', 'cache'] as const;

const isWanted = (status: SecretStatus, mode: 'due' | 'now'): boolean => mode === 'now' || status.overdue || status.pending !== null;

const main = async (mode: string): Promise<void> => {
  if (mode !== 'due' && mode !== 'now') throw new Error(`given ${mode}; allowed: due, now`);
  const config = JSON.parse(readFileSync(CONFIGURATION, 'utf8')) as RotationConfig;
  const aborting = new AbortController();
  process.on('SIGTERM', () => aborting.abort(new RotationError('ended; both versions stay as they are, and the next run goes on')));
  const api = new Kubernetes(inCluster(process.env));
  try {
    const world = worldOf(api, config, aborting.signal);
    const statuses = await statusOfSecrets(world);
    const wanted = SUBJECTS.flatMap((subject) => {
      const status = statuses.find(({ name }) => name === subject);
      return status !== undefined && isWanted(status, mode) ? [{ subject, resume: status.pending !== null }] : [];
    });
    if (wanted.length === 0) say('nothing is due');
    for (const { subject, resume } of wanted) {
      say(`${subject}: ${resume ? 'goes on with the rotation that was interrupted' : 'begins'}`);
      const how = { compromised: false, resume, graceSeconds: config.graceSeconds };
      await withLock(world, hostname(), (locked) => rotate(locked, subject, how));
      say(`${subject}: rotated`);
    }
  } finally {
    api.close();
  }
};

main(process.argv[2] ?? '').then(
  () => process.exit(0),
  (error: unknown) => {
    say(`error: ${reasonOf(error)}`);
    process.exit(1);
  },
);
