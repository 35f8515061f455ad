import { cacheRoot } from '../../lab/cache';
import { controllerBinaries } from '../../lab/kubernetes/binaries';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { emulatorPython } from '../../lab/aws/emulator';
import { removeLab } from '../../lab/down';
import { hasAuthority } from '../../lab/acme/settings';
import { hasOutside } from '../../lab/edge/settings';
import { watch } from '../../lab/faults/dead-man';
import { health } from '../../lab/health';
import { ROUND_TRIP_MS } from '../../lab/hosts/wan';
import { isInside, runInside, runProgramInside } from '../../lab/inside';
import { kubernetesApi } from '../../lab/kubernetes/api';
import { adminKubeconfig } from '../../lab/kubernetes/control-plane';
import { keepLogs, machineLogs } from '../../lab/logs';
import { isLeader } from '../../lab/patroni';
import { clientTls, readCredentials } from '../../lab/secrets';
import { regionOfLab, type LabSettings } from '../../lab/settings';
import { phaseOf, readState } from '../../lab/state';
import { applyAllCharts, LabExistsError, startMachines, type Progress } from '../../lab/up';
import { NAMESPACE } from '../../lib/topology/derive';
import { LAB_ENVIRONMENTS } from '../environments';
import { EXIT, ExpectedError, UsageError } from '../exit';
import { labStacks } from '../lab-stacks';
import { labCharts, prepareLab, settingsOf } from '../prepare-lab';

interface LabOptions {
  readonly lab: string;
}
interface RegionOptions extends LabOptions {
  readonly region?: string;
}

/** The region that a command is about: the home region unless another is named. */
const regionOf = ({ lab, region }: RegionOptions): LabSettings => {
  const settings = settingsOf(lab);
  try {
    return region === undefined ? settings : regionOfLab(settings, region);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
};
const regionFlags = ({ region }: RegionOptions): readonly string[] => (region === undefined ? [] : ['--region', region]);

/** Lines on standard error with the seconds since the start, so that `--json` output stays clean. */
export const progressLine = (): Progress => {
  const started = Date.now();
  return (line) => process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
};

/** A lab that isn't up can't be asked. @throws NotUpError */
export class NotUpError extends Error {
  readonly exitCode = EXIT.notUp;
}

export const requireUp = async (lab: LabSettings): Promise<void> => {
  const phase = await phaseOf(lab);
  if (phase === 'up') return;
  const state = { absent: 'is not running', starting: 'is still being brought up', broken: 'was left over from a crash' }[phase];
  throw new NotUpError(`lab "${lab.name}" ${state}; start it with \`holdfast lab up\`${phase === 'broken' ? ' (which cleans up first)' : ''}`);
};

/** `lab up`, for this command and for those that need a lab. Ctrl-C and failures leave nothing but the logs. */
export const bringUp = async (lab: LabSettings, progress: Progress, roundTripMs: number = ROUND_TRIP_MS): Promise<number> => {
  const parts = await prepareLab(progress, lab);
  const undo = async (): Promise<void> => {
    if (existsSync(lab.logs)) progress(`logs kept in ${await keepLogs(lab)}`);
    await removeLab(lab);
  };
  let interrupted = false;
  const onSignal = (): void => {
    interrupted = true;
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    await startMachines(lab, parts, progress, roundTripMs);
    const code = interrupted ? EXIT.interrupted : await runInside(lab, ['lab', 'apply-charts', '--lab', lab.name]);
    if (code === 0 && !interrupted) return EXIT.ok;
    await undo();
    return interrupted ? EXIT.interrupted : code;
  } catch (error) {
    if (!(error instanceof LabExistsError)) await undo();
    throw error;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
};

const up = async (options: LabOptions & { readonly environment?: string; readonly roundTrip: number }): Promise<number> => {
  const lab = settingsOf(options.lab, options.environment);
  const progress = progressLine();
  const code = await bringUp(lab, progress, options.roundTrip);
  if (code === 0) progress('the lab is up: `holdfast lab status`, `holdfast lab psql`, `holdfast drill run switchover`');
  return code;
};

const applyInside = async (options: LabOptions): Promise<number> => {
  const lab = settingsOf(options.lab);
  const { images } = await readState(lab);
  const progress = progressLine();
  const outside = hasOutside(lab) ? { python: await emulatorPython(progress), stacks: labStacks(lab.environment) } : undefined;
  const authority = hasAuthority(lab)
    ? { python: await emulatorPython(progress), pebble: join(await controllerBinaries({ progress, cacheDir: cacheRoot() }), 'pebble') }
    : undefined;
  await applyAllCharts(lab, (region) => labCharts(region, images), progress, outside, authority);
  return EXIT.ok;
};

const down = async (options: LabOptions): Promise<number> => {
  const lab = settingsOf(options.lab);
  if ((await phaseOf(lab)) === 'starting') process.stderr.write(`lab "${lab.name}" is being brought up by another command: ending it\n`);
  const existed = existsSync(lab.directory);
  await removeLab(lab);
  process.stderr.write(existed ? `lab "${lab.name}" is down\n` : `lab "${lab.name}" was not running\n`);
  return EXIT.ok;
};

const status = async (options: RegionOptions & { readonly json?: boolean }): Promise<number> => {
  const lab = regionOf(options);
  await requireUp(lab);
  if (!isInside(lab)) return runInside(lab, ['lab', 'status', '--lab', lab.name, ...regionFlags(options), ...(options.json === true ? ['--json'] : [])]);
  const api = kubernetesApi(lab);
  try {
    const found = await health(lab, api, clientTls(await readCredentials(lab)));
    if (options.json === true)
      process.stdout.write(`${JSON.stringify({ lab: lab.name, region: lab.region.name, healthy: found.complaints.length === 0, ...found }, null, 2)}\n`);
    else {
      for (const m of found.members)
        process.stdout.write(`${m.name.padEnd(14)} ${m.role.padEnd(13)} ${m.state.padEnd(10)} timeline ${m.timeline ?? '?'}  ${m.host}\n`);
      process.stdout.write(found.complaints.length === 0 ? 'healthy\n' : `not healthy: ${found.complaints.join('; ')}\n`);
    }
    return found.complaints.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    api.close();
  }
};

const kubectl = async (lab: LabSettings, args: readonly string[]): Promise<number> => {
  await requireUp(lab);
  const { binaries } = await readState(lab);
  return runProgramInside(lab, [join(binaries, 'kubectl'), ...args], { ...process.env, KUBECONFIG: adminKubeconfig(lab) });
};

const logs = async (name: string | undefined, options: RegionOptions & { readonly follow?: boolean; readonly container?: string }): Promise<number> => {
  const lab = regionOf(options);
  await requireUp(lab);
  const machines = await machineLogs(lab);
  if (name === undefined) {
    process.stdout.write(`machines: ${machines.join(' ')}\npods (in namespace ${NAMESPACE}):\n`);
    return kubectl(lab, ['-n', NAMESPACE, 'get', 'pods', '-o', 'wide']);
  }
  if (!machines.includes(name)) {
    const container = options.container === undefined ? ['--all-containers', '--prefix'] : ['-c', options.container];
    return kubectl(lab, ['-n', NAMESPACE, 'logs', name, ...container, ...(options.follow === true ? ['-f'] : ['--tail=200'])]);
  }
  const file = join(lab.logs, `${name}.log`);
  if (options.follow === true) return runProgramInside(lab, ['tail', '-n', '200', '-f', file]);
  process.stdout.write(await readFile(file, 'utf8'));
  return EXIT.ok;
};

/** As the superuser, inside the member's own container. */
const psql = async (args: readonly string[], options: RegionOptions & { readonly member?: string }): Promise<number> => {
  const lab = regionOf(options);
  await requireUp(lab);
  if (!isInside(lab)) {
    const member = options.member === undefined ? [] : ['--member', options.member];
    return runInside(lab, ['lab', 'psql', '--lab', lab.name, ...regionFlags(options), ...member, '--', ...args]);
  }
  const member = options.member ?? (await leaderName(lab));
  const interactive = process.stdin.isTTY ? ['-it'] : ['-i'];
  const shell = 'export PGPASSWORD="$PATRONI_SUPERUSER_PASSWORD"; exec psql -h /run/postgresql -U postgres -d "$0" "$@"';
  return kubectl(lab, ['-n', NAMESPACE, 'exec', ...interactive, member, '-c', 'postgres', '--', 'sh', '-c', shell, lab.region.postgres.database, ...args]);
};

/** As the members say; asked from inside the lab's network. */
const leaderName = async (lab: LabSettings): Promise<string> => {
  const api = kubernetesApi(lab);
  try {
    const { members, complaints } = await health(lab, api, clientTls(await readCredentials(lab)));
    const leader = members.find(isLeader)?.name;
    if (leader === undefined) throw new ExpectedError(`there is no leader right now (${complaints.join('; ')}); name a member with --member`, EXIT.failed);
    return leader;
  } finally {
    api.close();
  }
};

const roundTrip = (text: string): number => {
  const ms = Number(text);
  if (!Number.isFinite(ms) || ms < 0 || ms > 1000) throw new InvalidArgumentError('allowed: milliseconds, 0 to 1000.');
  return ms;
};

const finish = (code: number): void => {
  process.exitCode = code;
};

export const registerLab = (program: Command): void => {
  const lab = program.command('lab').description('real Kubernetes on this machine, running the production charts');
  const named = (command: Command): Command => command.option('--lab <name>', 'which lab: several may run side by side', 'lab');
  const regional = (command: Command): Command => named(command).option('--region <name>', 'which region, by name or role (default: the home region)');
  named(lab.command('up').description('start the lab and wait until its database is healthy'))
    .addOption(new Option('--environment <name>', 'what it runs').choices(LAB_ENVIRONMENTS))
    .option('--round-trip <ms>', 'between the regions', roundTrip, ROUND_TRIP_MS)
    .action(async (o: LabOptions & { environment?: string; roundTrip: number }) => finish(await up(o)));
  named(lab.command('down').description('end the lab and leave nothing')).action(async (o: LabOptions) => finish(await down(o)));
  regional(lab.command('status').description('members, roles, and what is not healthy').option('--json', 'as JSON')).action(
    async (o: RegionOptions & { json?: boolean }) => finish(await status(o)),
  );
  regional(lab.command('logs').argument('[name]', 'a machine or a pod; without: what there is').option('-f, --follow').option('-c, --container <name>'))
    .description('logs of machines and pods')
    .action(async (name: string | undefined, o: RegionOptions & { follow?: boolean; container?: string }) => finish(await logs(name, o)));
  regional(lab.command('psql').argument('[args...]', 'arguments for psql, after --').option('--member <name>', 'instead of the leader'))
    .description('a psql session as superuser on the leader')
    .action(async (args: string[], o: RegionOptions & { member?: string }) => finish(await psql(args, o)));
  regional(lab.command('kubectl').argument('[args...]', 'arguments for kubectl, after --'))
    .description("kubectl against the lab's cluster")
    .action(async (args: string[], o: RegionOptions) => finish(await kubectl(regionOf(o), args)));
  named(lab.command('apply-charts', { hidden: true })).action(async (o: LabOptions) => finish(await applyInside(o)));
  named(lab.command('dead-man', { hidden: true })).action((o: LabOptions) =>
    watch(settingsOf(o.lab), (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`)),
  );
};
