import { join } from 'node:path';
import type { Command } from 'commander';
import { isInside, runInside } from '../../lab/inside';
import { adminKubeconfig } from '../../lab/kubernetes/control-plane';
import { readState } from '../../lab/state';
import {
  CONNECTION_USE_SQL,
  CONNECTIONS_ALERT_SHARE,
  endLongSql,
  largestPoolSize,
  LIST_SESSIONS_SQL,
  longSessionsSql,
  raisePoolCommands,
  type Session,
} from '../../lib/services/connections';
import { isReadyPod } from '../../lib/operations/recovery/from-kubernetes';
import { defineEnvironment } from '../../lib/topology/define';
import { homeRegion, NAMESPACE } from '../../lib/topology/derive';
import type { Region } from '../../lib/topology/types';
import { inputNamed } from '../environments';
import { EXIT, ExpectedError, UsageError } from '../exit';
import { settingsOf } from '../prepare-lab';
import { kubectlCluster, type Cluster } from '../recovery/cluster';
import { columns, print, printJson } from '../terminal';
import { requireUp } from './lab';

interface Options {
  readonly lab?: string;
  readonly kubeconfig?: string;
  readonly kubectl: string;
  readonly json?: boolean;
}

interface Target {
  readonly region: Region;
  readonly cluster: Cluster;
}

interface Place {
  readonly name: string;
  readonly namespace: string;
}

/** Ready pods of one component. */
const podsOf = async ({ cluster }: Target, component: string): Promise<readonly Place[]> =>
  (await cluster.objects())
    .filter((object) => object.kind === 'Pod' && object.metadata.labels?.['app.kubernetes.io/name'] === component && object.metadata.namespace === NAMESPACE)
    .filter(isReadyPod)
    .map(({ metadata }) => ({ name: metadata.name, namespace: NAMESPACE }));

/** Inside the member's own container, over its socket: a superuser gets in when nobody else does. */
const psql = async ({ cluster, region }: Target, pod: Place, sql: string): Promise<unknown> => {
  const wrapped = `SELECT coalesce(json_agg(t), '[]') FROM (${sql}) t`;
  const command = ['psql', '-h', '/run/postgresql', '-U', 'postgres', '-d', region.postgres.database, '-v', 'ON_ERROR_STOP=1', '-qAtc', wrapped];
  return JSON.parse(await cluster.exec(pod, 'postgres', command));
};

const primaryOf = async (target: Target): Promise<Place> => {
  for (const pod of await podsOf(target, 'postgres')) {
    const [row] = (await psql(target, pod, 'SELECT pg_is_in_recovery() AS standby')) as { standby: boolean }[];
    if (row?.standby === false) return pod;
  }
  throw new ExpectedError('no ready member is primary: see `holdfast recover --plan`', EXIT.failed);
};

/** Small: it shares the follower's memory while it runs. */
const CONSOLE = ['node', '--max-old-space-size=16', '--max-semi-space-size=1', '/opt/holdfast/pooler-console.js'];

const atEveryPooler = async (target: Target, commands: readonly string[]): Promise<readonly { readonly pooler: string; readonly answers: unknown[] }[]> => {
  const pods = await podsOf(target, 'pgbouncer');
  return Promise.all(
    pods.map(async (pod) => ({
      pooler: pod.name,
      answers: JSON.parse(await target.cluster.exec(pod, 'follower', [...CONSOLE, ...commands])) as unknown[],
    })),
  );
};

const sessionLines = (sessions: readonly Session[]): string =>
  columns([
    ['pid', 'role', 'from', 'state', 'seconds', 'query'],
    ...sessions.map((s) => [String(s.pid), s.role, s.address ?? '', s.state, s.seconds === null ? '' : s.seconds.toFixed(1), s.query]),
  ]).join('\n');

interface Pool {
  readonly database: string;
  readonly cl_active: number;
  readonly cl_waiting: number;
  readonly sv_active: number;
}

const list = async (target: Target, json: boolean): Promise<number> => {
  const primary = await primaryOf(target);
  const sessions = (await psql(target, primary, LIST_SESSIONS_SQL)) as Session[];
  const [use] = (await psql(target, primary, CONNECTION_USE_SQL)) as { allowed: number; used: number }[];
  const pools = (await atEveryPooler(target, ['SHOW POOLS'])).map(({ pooler, answers }) => ({
    pooler,
    ...((answers[0] as Pool[]).find(({ database }) => database === target.region.postgres.database) ?? { cl_active: 0, cl_waiting: 0, sv_active: 0 }),
    poolSize: target.region.pooler.poolSize,
  }));
  const full = pools.filter(({ sv_active }) => sv_active > CONNECTIONS_ALERT_SHARE * target.region.pooler.poolSize).map(({ pooler }) => pooler);
  const busy = use !== undefined && use.used > CONNECTIONS_ALERT_SHARE * use.allowed;
  if (json) printJson({ primary: primary.name, use, alert: busy || full.length > 0, pools, sessions });
  else {
    print(sessionLines(sessions));
    print(
      columns([
        ['pooler', 'clients served', 'clients waiting', 'of pool'],
        ...pools.map((p) => [p.pooler, String(p.cl_active), String(p.cl_waiting), `${p.sv_active}/${p.poolSize}`]),
      ]).join('\n'),
    );
    print(
      `${primary.name}: ${use?.used ?? '?'} of ${use?.allowed ?? '?'} connections${busy || full.length > 0 ? '; above 80 %: end long sessions with `holdfast connections end-long`' : ''}`,
    );
  }
  return EXIT.ok;
};

const endLong = async (target: Target, olderThan: number, dryRun: boolean, json: boolean): Promise<number> => {
  const primary = await primaryOf(target);
  const sessions = (await psql(target, primary, dryRun ? longSessionsSql(olderThan) : endLongSql(olderThan))) as (Session & { ended?: boolean })[];
  const failed = dryRun ? [] : sessions.filter(({ ended }) => ended !== true);
  if (json) printJson({ primary: primary.name, olderThanSeconds: olderThan, dryRun, sessions });
  else
    print(
      sessions.length === 0
        ? `nobody has held a connection for ${olderThan} s`
        : `${sessionLines(sessions)}\n${sessions.length} ${dryRun ? 'would be ended' : 'ended'}`,
    );
  return failed.length === 0 ? EXIT.ok : EXIT.failed;
};

const raisePool = async (target: Target, size: number, dryRun: boolean, json: boolean): Promise<number> => {
  const { region } = target;
  const largest = largestPoolSize(region);
  if (size <= region.pooler.poolSize || size > largest) {
    throw new UsageError(
      `pool size: given ${size}; allowed: more than ${region.pooler.poolSize} (what it is) up to ${largest}, which is what postgres.maxConnections = ${region.postgres.maxConnections} leaves each pooler; ` +
        'fix: a smaller size, or raise postgres.maxConnections in the environment and deploy',
    );
  }
  const done = dryRun ? [] : (await atEveryPooler(target, raisePoolCommands(size))).map(({ pooler }) => pooler);
  if (json) printJson({ poolSize: size, dryRun, poolers: done });
  else
    print(
      `${dryRun ? 'would raise' : `raised at ${done.join(', ')}`}: ${size} connections each, until they restart; to keep it, set pooler.poolSize to ${size} in the environment and deploy`,
    );
  return EXIT.ok;
};

const targetOf = async (environment: string | undefined, options: Options): Promise<Target> => {
  if (options.lab === undefined) {
    if (environment === undefined) throw new UsageError('say where: an environment (holdfast connections list production), or a lab (--lab lab)');
    return {
      region: homeRegion(defineEnvironment(inputNamed(environment))),
      cluster: kubectlCluster({ program: options.kubectl, kubeconfig: options.kubeconfig }),
    };
  }
  const lab = settingsOf(options.lab);
  const { binaries } = await readState(lab);
  return { region: lab.region, cluster: kubectlCluster({ program: join(binaries, 'kubectl'), kubeconfig: adminKubeconfig(lab) }) };
};

/** A lab's cluster is asked from inside its network. */
const run = async (argv: readonly string[], environment: string | undefined, options: Options, work: (target: Target) => Promise<number>): Promise<void> => {
  if (environment !== undefined && options.lab !== undefined) throw new UsageError('give an environment or --lab, not both');
  if (options.lab !== undefined) {
    const lab = settingsOf(options.lab);
    await requireUp(lab);
    if (!isInside(lab)) {
      process.exitCode = await runInside(lab, ['connections', ...argv, '--lab', lab.name, ...(options.json === true ? ['--json'] : [])]);
      return;
    }
  }
  process.exitCode = await work(await targetOf(environment, options));
};

const seconds = (text: string): number => {
  const value = /^(\d+)(s|m|h)?$/.exec(text);
  const factor = { s: 1, m: 60, h: 3600 }[value?.[2] ?? 's'] ?? 1;
  const given = Number(value?.[1]) * factor;
  if (value === null || given < 1)
    throw new UsageError(`--older-than: given "${text}"; allowed: a whole number of seconds, or with s, m or h; fix: for example --older-than 30s`);
  return given;
};

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new UsageError(`--to: given "${text}"; allowed: a whole number; fix: for example --to 22`);
  return value;
};

export const registerConnections = (program: Command): void => {
  const connections = program.command('connections').description("who holds the database's connections, and what to do when there are none left");
  const command = (name: string, text: string): Command =>
    connections
      .command(name)
      .argument('[environment]', 'which environment; not with --lab')
      .description(text)
      .option('--lab <name>', 'a lab')
      .option('--kubeconfig <file>', "of the region's cluster (default: kubectl's own)")
      .option('--kubectl <program>', 'the kubectl to use', 'kubectl')
      .option('--json', 'as JSON');
  command('list', 'sessions, the longest first; pools, and who waits').action((environment: string | undefined, options: Options) =>
    run(['list'], environment, options, (target) => list(target, options.json === true)),
  );
  command('end-long', 'end what has held a connection too long: cancel statements, end sessions that idle in a transaction')
    .option('--older-than <time>', 'for example 30s, 5m', seconds, 30)
    .option('--dry-run', 'only say whom')
    .action((environment: string | undefined, options: Options & { olderThan: number; dryRun?: boolean }) => {
      const argv = ['end-long', '--older-than', `${options.olderThan}s`, ...(options.dryRun === true ? ['--dry-run'] : [])];
      return run(argv, environment, options, (target) => endLong(target, options.olderThan, options.dryRun === true, options.json === true));
    });
  command('raise-pool', "raise every pooler's pool now, within what max_connections allows")
    .requiredOption('--to <size>', 'server connections of each pooler', whole)
    .option('--dry-run', 'only say whether it would be allowed')
    .action((environment: string | undefined, options: Options & { to: number; dryRun?: boolean }) => {
      const argv = ['raise-pool', '--to', String(options.to), ...(options.dryRun === true ? ['--dry-run'] : [])];
      return run(argv, environment, options, (target) => raisePool(target, options.to, options.dryRun === true, options.json === true));
    });
};
