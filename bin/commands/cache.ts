import { join } from 'node:path';
import type { Command } from 'commander';
import { NoKeeperError, runInKeeper, type Kubectl } from '../../lab/cache-tier/keeper';
import { isInside, runInside } from '../../lab/inside';
import { adminKubeconfig } from '../../lab/kubernetes/control-plane';
import { readState } from '../../lab/state';
import { NAMESPACE } from '../../lib/topology/derive';
import { EXIT, ExpectedError } from '../exit';
import { settingsOf } from '../prepare-lab';
import { requireUp } from './lab';

interface CacheOptions {
  readonly lab: string;
  /** Of kubectl; instead of a lab. */
  readonly context?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly confirmDown?: boolean;
  readonly match?: string;
  readonly store?: string;
  readonly all?: boolean;
}

const flag = (name: string, given: boolean | undefined): readonly string[] => (given === true ? [name] : []);
const value = (name: string, given: string | undefined): readonly string[] => (given === undefined ? [] : [name, given]);

/** The same options, for the keeper and for this program inside the lab's network. */
const passedOn = (o: CacheOptions): readonly string[] => [
  ...flag('--json', o.json),
  ...flag('--dry-run', o.dryRun),
  ...flag('--confirm-down', o.confirmDown),
  ...value('--match', o.match),
  ...value('--store', o.store),
  ...flag('--all', o.all),
];

const inKeeper = async (how: Kubectl, name: string, options: CacheOptions): Promise<number> => {
  try {
    const { code, stdout, stderr } = await runInKeeper(how, [name, ...passedOn(options)]);
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    return code >= 0 ? code : EXIT.failed;
  } catch (error) {
    if (error instanceof NoKeeperError) throw new ExpectedError(error.message, EXIT.failed);
    throw error;
  }
};

/** A person's command is carried out by a keeper, inside the cluster: on the lab and elsewhere alike. */
const run = async (name: string, options: CacheOptions): Promise<number> => {
  if (options.context !== undefined) return inKeeper({ program: 'kubectl', args: ['--context', options.context], namespace: NAMESPACE }, name, options);
  const lab = settingsOf(options.lab);
  await requireUp(lab);
  if (!isInside(lab)) return runInside(lab, ['cache', name, '--lab', lab.name, ...passedOn(options)]);
  const { binaries } = await readState(lab);
  return inKeeper({ program: join(binaries, 'kubectl'), args: ['--kubeconfig', adminKubeconfig(lab)], namespace: NAMESPACE }, name, options);
};

export const registerCache = (program: Command): void => {
  const cache = program.command('cache').description('the Redis or Valkey cluster: how it is, and what a person may have to do');
  const define = (name: string, description: string): Command =>
    cache
      .command(name)
      .description(description)
      .option('--lab <name>', 'which lab', 'lab')
      .option('--context <name>', "a context of kubectl's configuration, instead of a lab")
      .option('--json', 'as JSON')
      .action(async (options: CacheOptions) => void (process.exitCode = await run(name, options)));
  define('status', 'nodes, masters, memory, and what is not healthy');
  define('fix', 'do at once what the keepers do by themselves: introduce nodes, attach replicas, assign and close slots, lead masters home').option(
    '--dry-run',
    'only say what would be done',
  );
  define('takeover', 'make a replica the master of every shard that lost its own, without a vote: only when a majority of the masters is down')
    .option('--confirm-down', 'the masters that do not answer are down, not behind a partition: I have made sure')
    .option('--dry-run', 'only say what would be done');
  define('clear-sessions', 'remove sessions that nobody can read any more, with SCAN')
    .requiredOption('--match <pattern>', 'of their keys, for example "session:*"')
    .option('--store <kind>', 'what a sound session is: json (a text with an object) or hash', 'json')
    .option('--all', 'every session that matches, sound or not')
    .option('--dry-run', 'only count');
  cache.addHelpText(
    'after',
    '\nExample: holdfast cache takeover --dry-run\nExit codes: 0 done, or healthy; 1 not healthy, refused, or no keeper answers; 2 usage; 5 no lab. All commands may be repeated.',
  );
};
