import { hostname } from 'node:os';
import { Argument, InvalidArgumentError, type Command } from 'commander';
import type { Timing } from '../../agents/rotation/journal';
import { withLock } from '../../agents/rotation/lock';
import { RotationError, type World } from '../../agents/rotation/ports';
import { planOf, rotate, SUBJECTS, type Subject } from '../../agents/rotation/rotate';
import { statusLines, statusOfSecrets } from '../../agents/rotation/status';
import { sleep } from '../../lab/exec';
import { isInside, runInside } from '../../lab/inside';
import { kubernetesApi } from '../../lab/kubernetes/api';
import { issueFor, newAuthority, refreshCredentials } from '../../lab/secrets';
import { labRegions, type LabSettings } from '../../lab/settings';
import { EXIT, UsageError } from '../exit';
import { settingsOf } from '../prepare-lab';
import { progressLine, requireUp } from './lab';

interface RotateOptions {
  readonly lab: string;
  readonly compromised?: boolean;
  readonly resume?: boolean;
  readonly plan?: boolean;
  readonly grace: number;
  readonly json?: boolean;
}

const planText = (what: Subject, compromised: boolean): string =>
  [
    `rotate ${what}${compromised ? ', compromised: the old logins end at once' : ''}:`,
    ...planOf(what, compromised).map((step, i) => `  ${i + 1}. ${step}`),
    '',
  ].join('\n');

/** @param everywhere certificates are each region's own: the others may be away */
const worldOf = (lab: LabSettings, signal: AbortSignal, everywhere: boolean): World & { cluster: ReturnType<typeof kubernetesApi>; close: () => void } => {
  const regions = (everywhere ? labRegions(lab) : [lab]).map((settings) => ({ settings, region: settings.region, cluster: kubernetesApi(settings) }));
  const here = regions.find(({ region }) => region.name === lab.region.name);
  if (here === undefined) throw new Error(`lab "${lab.name}" has no region ${lab.region.name}`);
  return {
    environment: lab.environment,
    region: lab.region,
    cluster: here.cluster,
    standbys: regions.filter((one) => one !== here),
    now: Date.now,
    sleep,
    progress: progressLine(),
    signal,
    publish: async () => {
      for (const { settings, cluster } of regions) await refreshCredentials(settings, cluster);
    },
    issue: (secret, authority) => issueFor(lab, secret, authority),
    newAuthority,
    close: () => regions.forEach(({ cluster }) => cluster.close()),
  };
};

const rotateHere = async (lab: LabSettings, what: Subject, options: RotateOptions): Promise<number> => {
  const aborting = new AbortController();
  const abort = (): void => aborting.abort(new RotationError('interrupted; both versions stay as they are, nothing is lost: go on with --resume'));
  process.on('SIGINT', abort);
  process.on('SIGTERM', abort);
  const world = worldOf(lab, aborting.signal, what !== 'certificates');
  try {
    const began = Date.now();
    const how = { compromised: options.compromised === true, resume: options.resume === true, graceSeconds: options.grace };
    const timings = await withLock(world, `${hostname()} pid ${process.pid}`, (locked) => rotate(locked, what, how));
    report(what, timings, (Date.now() - began) / 1000, options);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof RotationError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return aborting.signal.aborted ? EXIT.interrupted : EXIT.failed;
  } finally {
    world.close();
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  }
};

const report = (what: Subject, timings: readonly Timing[], seconds: number, options: RotateOptions): void => {
  if (options.json === true)
    process.stdout.write(`${JSON.stringify({ rotated: what, compromised: options.compromised === true, seconds, steps: timings }, null, 2)}\n`);
  else process.stdout.write(`rotated: ${what}, in ${seconds.toFixed(1)} s\n`);
};

const showStatus = async (lab: LabSettings, options: RotateOptions): Promise<number> => {
  const world = worldOf(lab, new AbortController().signal, false);
  try {
    // Whoever rotated last, a job of the cluster's own perhaps: this lab's programs log in with what is in use.
    await refreshCredentials(lab, world.cluster);
    const status = await statusOfSecrets(world);
    process.stdout.write(options.json === true ? `${JSON.stringify(status, null, 2)}\n` : statusLines(status));
    return status.some((s) => s.overdue || s.pending !== null) ? EXIT.failed : EXIT.ok;
  } finally {
    world.close();
  }
};

const rotateCommand = async (what: Subject | 'status', options: RotateOptions): Promise<number> => {
  if (what === 'status' && (options.compromised === true || options.resume === true || options.plan === true)) {
    throw new UsageError('status only looks: --compromised, --resume and --plan are for a rotation');
  }
  if (what !== 'status' && options.plan === true) {
    const compromised = options.compromised === true;
    process.stdout.write(
      options.json === true ? `${JSON.stringify({ what, compromised, steps: planOf(what, compromised) }, null, 2)}\n` : planText(what, compromised),
    );
    return EXIT.ok;
  }
  const lab = settingsOf(options.lab);
  await requireUp(lab);
  if (isInside(lab)) return what === 'status' ? showStatus(lab, options) : rotateHere(lab, what, options);
  const flags = (['compromised', 'resume', 'json'] as const).filter((flag) => options[flag] === true).map((flag) => `--${flag}`);
  return runInside(lab, ['rotate', what, '--lab', lab.name, '--grace', String(options.grace), ...flags]);
};

const secondsOf = (text: string): number => {
  const n = Number(text);
  if (!Number.isFinite(n) || n < 0 || n > 7 * 86_400) throw new InvalidArgumentError('allowed: seconds, 0 to 604800.');
  return n;
};

export const registerRotate = (program: Command): void => {
  program
    .command('rotate')
    .addArgument(new Argument('<what>', 'what to change, or status: how old everything is').choices([...SUBJECTS, 'status']))
    .description('change credentials with no failed request: two versions are good during the change')
    .option('--compromised', 'do not wait for clients: the old version ends as soon as the new one is in use')
    .option('--resume', 'go on with a rotation that was interrupted')
    .option('--plan', 'only say what would be done')
    .option('--grace <seconds>', 'how long clients may take to use the new login; then the rotation stops and both stay good', secondsOf, 3600)
    .option('--json', 'as JSON')
    .option('--lab <name>', 'which lab', 'lab')
    .addHelpText(
      'after',
      '\nExample: holdfast rotate database --compromised\nOn schedule a CronJob in the cluster does the same: docs/secrets.md\nExit codes: 0 done, 1 refused or stopped (nothing is lost), 2 usage, 5 no lab, 130 interrupted (go on with --resume)',
    )
    .action(async (what: Subject | 'status', options: RotateOptions) => void (process.exitCode = await rotateCommand(what, options)));
};
