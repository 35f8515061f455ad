/** Releases of workloads: how they are, taking back the one under way, trying it again, going back to the one before (PO-5). */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InvalidArgumentError, type Command } from 'commander';
import { isInside, runInside } from '../../lab/inside';
import { adminKubeconfig } from '../../lab/kubernetes/control-plane';
import { readState } from '../../lab/state';
import { APPLICATION_NAMESPACE } from '../../lib/topology/derive';
import { EXIT, ExpectedError } from '../exit';
import { settingsOf } from '../prepare-lab';
import { goBackTo, isHealthy, releaseBefore, type ReplicaSet, releasesOf, type Rollout } from '../releases/release';
import { columns, print, printJson } from '../terminal';
import { requireUp } from './lab';

interface RolloutOptions {
  readonly lab: string;
  /** Of kubectl; instead of a lab. */
  readonly context?: string;
  readonly json?: boolean;
  readonly to?: number;
}

type Kubectl = (...args: readonly string[]) => Promise<string>;
type Act = (kubectl: Kubectl, workload: string, options: RolloutOptions) => Promise<number>;

const OUTPUT_BYTES = 64 * 1024 * 1024;
const RESOURCE = 'rollouts.argoproj.io';

const kubectlWith =
  (program: string, ...how: readonly string[]): Kubectl =>
  async (...args) => {
    try {
      return (await promisify(execFile)(program, [...how, '--namespace', APPLICATION_NAMESPACE, ...args], { maxBuffer: OUTPUT_BYTES })).stdout;
    } catch (error) {
      const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
      throw new ExpectedError(`kubectl: ${(stderr ?? '').trim() || message}`, EXIT.failed);
    }
  };

const read = async (kubectl: Kubectl, workload: string): Promise<{ readonly rollout: Rollout; readonly sets: readonly ReplicaSet[] }> => {
  const [rollout, sets] = await Promise.all([kubectl('get', RESOURCE, workload, '--output', 'json'), kubectl('get', 'replicasets', '--output', 'json')]);
  return { rollout: JSON.parse(rollout) as Rollout, sets: (JSON.parse(sets) as { readonly items: readonly ReplicaSet[] }).items };
};

const status: Act = async (kubectl, workload, { json }) => {
  const { rollout, sets } = await read(kubectl, workload);
  const releases = releasesOf(rollout, sets);
  const { phase = 'unknown', message = '', abort = false } = rollout.status;
  if (json === true) printJson({ workload, phase, message, aborted: abort, releases });
  else {
    print(`${workload}: ${phase}${message === '' ? '' : `: ${message}`}`);
    const rows = releases.map((r) => [String(r.revision), r.state, `${r.ready}/${r.pods}`, r.created, r.images.join(' ')]);
    print(columns([['revision', 'state', 'ready', 'since', 'image'], ...rows], [0]).join('\n'));
  }
  return isHealthy(rollout) ? EXIT.ok : EXIT.failed;
};

const abort: Act = async (kubectl, workload) => {
  const { rollout } = await read(kubectl, workload);
  if (rollout.status.stableRS === rollout.status.currentPodHash) {
    throw new ExpectedError(`${workload} has no release under way: nothing to abort. \`holdfast rollout undo\` goes back to the one before`, EXIT.failed);
  }
  await kubectl('patch', RESOURCE, workload, '--subresource', 'status', '--type', 'merge', '--patch', JSON.stringify({ status: { abort: true } }));
  print(`${workload}: the release under way is taken back; users are served by ${rollout.status.stableRS ?? 'the one before'} all the time`);
  return EXIT.ok;
};

/** A first release has none before it: when it was given up (its database came too late, say), it is tried again. */
const retry: Act = async (kubectl, workload) => {
  const { rollout } = await read(kubectl, workload);
  if (rollout.status.abort !== true) throw new ExpectedError(`${workload}: its release was not taken back: there is nothing to try again`, EXIT.failed);
  await kubectl('patch', RESOURCE, workload, '--subresource', 'status', '--type', 'merge', '--patch', JSON.stringify({ status: { abort: false } }));
  print(`${workload}: the release that was taken back is tried again; watch it with \`holdfast rollout status ${workload}\``);
  return EXIT.ok;
};

const undo: Act = async (kubectl, workload, { to }) => {
  const { rollout, sets } = await read(kubectl, workload);
  const releases = releasesOf(rollout, sets);
  const release = releaseBefore(releases, to);
  if (release === undefined) {
    const allowed = releases.map(({ revision }) => revision).join(', ');
    throw new ExpectedError(to === undefined ? `${workload} has no former release` : `--to: given ${to}; allowed: ${allowed}`, EXIT.failed);
  }
  if (release.state === 'served' && rollout.status.stableRS === rollout.status.currentPodHash) {
    throw new ExpectedError(`${workload} is at revision ${release.revision} already`, EXIT.failed);
  }
  await kubectl('patch', RESOURCE, workload, '--type', 'json', '--patch', JSON.stringify(goBackTo(release, rollout, sets)));
  print(`${workload}: going back to revision ${release.revision} (${release.images.join(' ')}); watch it with \`holdfast rollout status ${workload}\``);
  print("Change the environment's file too: the next deployment brings what it says.");
  return EXIT.ok;
};

const run = async (name: string, act: Act, workload: string, options: RolloutOptions): Promise<number> => {
  if (options.context !== undefined) return act(kubectlWith('kubectl', '--context', options.context), workload, options);
  const lab = settingsOf(options.lab);
  await requireUp(lab);
  const flags = [...(options.json === true ? ['--json'] : []), ...(options.to === undefined ? [] : ['--to', String(options.to)])];
  if (!isInside(lab)) return runInside(lab, ['rollout', name, workload, '--lab', lab.name, ...flags]);
  const { binaries } = await readState(lab);
  return act(kubectlWith(join(binaries, 'kubectl'), '--kubeconfig', adminKubeconfig(lab)), workload, options);
};

const revisionOf = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('allowed: a revision, as `holdfast rollout status` shows them.');
  return Number(text);
};

export const registerRollout = (program: Command): void => {
  const rollout = program.command('rollout').description('releases of workloads: how they are, taking one back, going back to the one before');
  const define = (name: string, description: string, act: Act): Command =>
    rollout
      .command(`${name} <workload>`)
      .description(description)
      .option('--lab <name>', 'which lab', 'lab')
      .option('--context <name>', "a context of kubectl's configuration, instead of a lab")
      .action(async (workload: string, options: RolloutOptions) => void (process.exitCode = await run(name, act, workload, options)));
  define('status', 'which release users get, which one is checked, which ones can be gone back to', status).option('--json', 'as JSON');
  define('abort', 'take back the release under way; users stay with the one before', abort);
  define('retry', 'try the release that was taken back once more', retry);
  define('undo', 'go back to the release before, or to another one', undo).option('--to <revision>', 'which one', revisionOf);
  rollout.addHelpText(
    'after',
    '\nExample: holdfast rollout undo backend\nExit codes: 0 done, or healthy; 1 not healthy, or refused; 2 usage; 5 no lab. See docs/rollouts.md.',
  );
};
