/** The command line: which commands there are, and what their errors look like. */
import { Command, CommanderError } from 'commander';
import { TopologyError } from '../lib/topology/violation';
import { EXIT } from './exit';
import { notice, paintFor } from './terminal';
import { version } from './version';

type Register = (program: Command) => void;

/** Each command's module is loaded when the command is used, so that `plan` does not wait for what `lab` needs. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  plan: async () => (await import('./commands/plan')).registerPlan,
  check: async () => (await import('./commands/check')).registerCheck,
  synth: async () => (await import('./commands/synth')).registerSynth,
  manifests: async () => (await import('./commands/manifests')).registerManifests,
  images: async () => (await import('./commands/images')).registerImages,
  lab: async () => (await import('./commands/lab')).registerLab,
  cache: async () => (await import('./commands/cache')).registerCache,
  rollout: async () => (await import('./commands/rollout')).registerRollout,
  drill: async () => (await import('./commands/drill')).registerDrill,
  drills: async () => (await import('./commands/drills')).registerDrills,
  rotate: async () => (await import('./commands/rotate')).registerRotate,
  certificates: async () => (await import('./commands/certificates')).registerCertificates,
  recover: async () => (await import('./commands/recover')).registerRecover,
  backup: async () => (await import('./commands/backup')).registerBackup,
  replica: async () => (await import('./commands/replica')).registerReplica,
  restore: async () => (await import('./commands/restore')).registerRestore,
  region: async () => (await import('./commands/region')).registerRegion,
  failover: async () => (await import('./commands/failover')).registerFailover,
  failback: async () => (await import('./commands/failover')).registerFailback,
  status: async () => (await import('./commands/failover')).registerStatus,
  connections: async () => (await import('./commands/connections')).registerConnections,
  maintenance: async () => (await import('./commands/maintenance')).registerMaintenance,
  block: async () => (await import('./commands/block')).registerBlock,
  limits: async () => (await import('./commands/limits')).registerLimits,
  audit: async () => (await import('./commands/audit')).registerAudit,
  report: async () => (await import('./commands/report')).registerReport,
  simulate: async () => (await import('./commands/simulate')).registerSimulate,
  demo: async () => (await import('./commands/demo')).registerDemo,
};

/** The program with the command that is asked for, or with all of them, for help and for suggestions. */
const programFor = async (asked: string | undefined): Promise<Command> => {
  const program = new Command('holdfast')
    .description('One typed topology: the AWS infrastructure, the Kubernetes workloads, and the lab that proves it.')
    .version(version())
    .option('--verbose', 'stack traces of unexpected errors (also: HOLDFAST_DEBUG=1)')
    .addHelpText('after', '\nExample: holdfast plan production\nExit codes: docs/cli.md')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  const known = asked !== undefined && Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
  for (const load of known === undefined ? Object.values(COMMANDS) : [known]) (await load())(program);
  overrideExits(program);
  return program;
};

/** A wrong command line must not end the process by itself: its exit code is ours to give. Subcommands don't inherit this once made. */
const overrideExits = (command: Command): void => {
  command.exitOverride();
  command.commands.forEach(overrideExits);
};

/** Errors that carry an exit code are meant for the user as they are. */
const hasExitCode = (error: unknown): error is Error & { readonly exitCode: number } =>
  error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number';

/**
 * Errors of the rooms, which know no exit codes: what they mean here. By name, because importing their classes would load the lab for every command;
 * test/cli checks that the names exist.
 */
export const EXIT_BY_NAME: Readonly<Record<string, number>> = {
  UnmetRequirement: EXIT.notPossible,
  BuildError: EXIT.failed,
  ArchiveError: EXIT.failed,
  ChecksumError: EXIT.failed,
};

/** The operating system refused: a folder that isn't writable, a full disk. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'errno' in error && 'syscall' in error;

const report = (error: unknown, verbose: boolean): number => {
  const paint = paintFor(process.stderr);
  // Commander has printed its message already, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const message = error instanceof Error ? error.message : String(error);
  notice(`${paint('red', 'error')}: ${message}`);
  if (error instanceof TopologyError) return EXIT.failed;
  if (hasExitCode(error)) return error.exitCode;
  const byName = error instanceof Error ? EXIT_BY_NAME[error.name] : undefined;
  if (byName !== undefined) return byName;
  if (verbose) notice(error instanceof Error && error.stack !== undefined ? error.stack : 'no stack trace');
  if (isSystemError(error)) return EXIT.notPossible;
  if (!verbose) notice('This was not expected. Run it again with --verbose for the stack trace.');
  return EXIT.defect;
};

/** @returns the exit code; every error has been printed */
export const main = async (args: readonly string[]): Promise<number> => {
  const verbose = args.includes('--verbose') || (process.env['HOLDFAST_DEBUG'] ?? '') !== '';
  try {
    const program = await programFor(args.find((arg) => !arg.startsWith('-')));
    if (args.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync([...args], { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : EXIT.ok;
  } catch (error) {
    return report(error, verbose);
  }
};
