/** `holdfast failover`, `failback` and `status`: the workflows that move the writes to another region, and what they are decided by. */
import type { Command } from 'commander';
import type { FailoverStatus } from '../failover/status';
import { ended } from '../failover/ends';
import type { Wanted } from '../failover/runs';
import type { World } from '../failover/world';
import { inFailoverLab } from '../failover/in-lab';
import { deployedWithFailover } from '../failover/environment';
import { EXIT, ExpectedError, UsageError } from '../exit';
import { notice, print, printJson } from '../terminal';

interface Options {
  readonly environment?: string;
  readonly lab?: string;
  readonly as?: string;
  readonly json?: boolean;
  readonly plan?: boolean;
  readonly wait?: boolean;
  readonly reason?: string;
  readonly forceLoss?: string;
  readonly reject?: boolean;
}

type Work = (world: World, servers: readonly string[]) => Promise<number>;

/** In the lab the same program again, within its network and with its AWS. */
const perform = async (options: Options, argv: readonly string[], work: Work): Promise<number> => {
  if (options.as !== undefined && options.lab === undefined)
    throw new UsageError('--as: given without --lab; allowed: on AWS you are who your credentials say');
  if (options.lab !== undefined) return inFailoverLab(options.lab, options.as, argv, work);
  const { connect } = await import('../failover/world');
  return work(await connect(deployedWithFailover(options.environment)), []);
};

const flags = (options: Options): readonly string[] => [
  ...(['json', 'plan', 'reject'] as const).flatMap((flag) => (options[flag] === true ? [`--${flag}`] : [])),
  ...(options.wait === false ? ['--no-wait'] : []),
  ...(options.reason === undefined ? [] : ['--reason', options.reason]),
  ...(options.forceLoss === undefined ? [] : ['--force-loss', options.forceLoss]),
  ...(options.lab === undefined ? [] : ['--lab', options.lab]),
];

const AGREE = 'two people have to agree: holdfast failover approve';

const run = async (wanted: Omit<Wanted, 'target'>, given: string, options: Options): Promise<number> => {
  // Before anybody is asked: a wrong name needs no credentials.
  if (options.lab === undefined) await import('../failover/world').then(({ regionOf }) => regionOf(deployedWithFailover(options.environment), given));
  if (options.forceLoss?.trim() === '') throw new UsageError('--force-loss: given nothing; allowed: why the loss is accepted, in words');
  return perform(options, [wanted.direction, given, ...flags(options)], async (world) => {
    const [{ regionOf }, { start, follow }] = await Promise.all([import('../failover/world'), import('../failover/runs')]);
    const target = regionOf(world.environment, given);
    const started = await start(world, { ...wanted, target });
    notice(`${started.name}: ${started.kind === 'started' ? 'started' : 'runs already'} in ${target}`);
    if (options.wait === false) {
      if (options.json === true) printJson(started);
      return EXIT.ok;
    }
    const outcome = await follow(world, target, started.arn, (state) => notice(`  ${state}${state === 'Approve' ? `: ${AGREE} ${started.name}` : ''}`));
    return ended(world, target, started.name, outcome, options.json === true);
  });
};

const approve = (attempt: string | undefined, options: Options): Promise<number> =>
  perform(options, ['failover', 'approve', ...(attempt === undefined ? [] : [attempt]), ...flags(options)], async (world) => {
    const { asked, approve: write } = await import('../failover/runs');
    const open = await asked(world);
    const question = attempt === undefined ? open.at(-1) : open.find((o) => o.attempt === attempt);
    if (question === undefined)
      throw new ExpectedError(
        `nothing waits for agreement${attempt === undefined ? '' : ` by the name ${attempt}`}; there are ${open.map((o) => o.attempt).join(', ') || 'none'}`,
        EXIT.failed,
      );
    const runs = await import('../failover/status').then(({ runsOf }) => runsOf(world));
    const running = runs.find((r) => r.attempt === question.attempt);
    if (running === undefined) throw new ExpectedError(`${question.attempt} does not run any more`, EXIT.failed);
    const verdict = options.reject === true ? 'reject' : 'approve';
    await write(world, running.region, question, verdict);
    notice(`${verdict === 'approve' ? 'agreed' : 'refused'} by ${world.person}: ${question.text}`);
    if (options.json === true) printJson({ attempt: question.attempt, verdict, person: world.person });
    return EXIT.ok;
  });

const abort = (attempt: string, options: Options): Promise<number> =>
  perform(options, ['failover', 'abort', attempt, ...flags(options)], async (world) => {
    const { giveUp } = await import('../failover/runs');
    const { runsOf } = await import('../failover/status');
    const running = (await runsOf(world)).find((r) => r.attempt === attempt);
    if (running === undefined) throw new ExpectedError(`${attempt} does not run`, EXIT.failed);
    const result = await giveUp(world, running.region, running.direction, attempt);
    if (options.json === true) printJson(result);
    if (result.kind === 'carried-out') throw new ExpectedError(`there is nothing to give up, ${attempt} was ${result.because}`, EXIT.failed);
    if (result.kind === 'too-late') throw new ExpectedError(`too late to give ${attempt} up, it goes on: ${result.because}`, EXIT.failed);
    notice(`given up: ${result.because}`);
    return EXIT.ok;
  });

const isWell = ({ lease, regions }: FailoverStatus): boolean =>
  lease !== null && lease !== 'does not answer' && lease.phase === 'held' && regions.some((r) => r.region === lease.holder && r.role === 'primary');

const status = (options: Options): Promise<number> =>
  perform(options, ['status', ...flags(options)], async (world, servers) => {
    const { statusOf, statusText } = await import('../failover/status');
    const seen = await statusOf(world, servers);
    if (options.json === true) printJson(seen);
    else print(statusText(seen, Date.now()).join('\n'));
    return isWell(seen) ? EXIT.ok : EXIT.failed;
  });

const where = (command: Command): Command =>
  command
    .option('-e, --environment <name>', 'default: the only one on AWS that has a failover')
    .option('--lab <name>', 'a lab of environment lab-failover, instead of AWS')
    .option('--as <person>', 'in a lab only: in the name of this person, who is created')
    .option('--json', 'as JSON on standard output');

const startable = (command: Command): Command =>
  where(command)
    .option('--plan', 'ends after the checks: says whether it could begin, and changes nothing')
    .option('--reason <text>', 'why, for the record', 'asked for on the command line')
    .option('--no-wait', 'does not follow the run');

const EXITS =
  '\nExit codes: 0 done, by this run or by another one at the same time, 1 refused, given up or failed, 2 usage, 3 no credentials or AWS does not answer, 5 no lab';
const exit = (code: Promise<number>): Promise<void> => code.then((value) => void (process.exitCode = value));

export const registerFailover = (program: Command): void => {
  const failover = startable(program.command('failover').argument('<region>', 'the region that takes over').description('let a region take over the writes'))
    .option('--force-loss <reason>', 'accepts, in your name, that what has not been replicated is lost')
    .addHelpText('after', `\nGiven again after an interruption it takes the run up where it stands.${EXITS}`);
  failover.action((region: string, o: Options) =>
    exit(run({ direction: 'failover', reason: o.reason ?? '', forceLoss: o.forceLoss, dryRun: o.plan === true }, region, o)),
  );
  where(failover.command('approve').argument('[attempt]', 'default: the one that was asked last').description('agree to a run, in your own name'))
    .option('--reject', 'say no: it ends')
    .addHelpText('after', EXITS)
    .action((attempt: string | undefined, _: Options, command: Command) => exit(approve(attempt, command.optsWithGlobals())));
  where(failover.command('abort').argument('<attempt>').description('give a run up, if it has not promoted anybody'))
    .addHelpText('after', EXITS)
    .action((attempt: string, _: Options, command: Command) => exit(abort(attempt, command.optsWithGlobals())));
};

export const registerFailback = (program: Command): void => {
  startable(program.command('failback').argument('<region>', 'the region that takes the writes back').description('hand the writes back, losing nothing'))
    .addHelpText('after', EXITS)
    .action((region: string, o: Options) =>
      exit(run({ direction: 'failback', reason: o.reason ?? '', forceLoss: undefined, dryRun: o.plan === true }, region, o)),
    );
};

export const registerStatus = (program: Command): void => {
  where(program.command('status').description('which region takes the writes, which could, and what DNS answers now'))
    .addHelpText('after', '\nExit codes: 0 the holder of the lease takes writes, 1 not, 2 usage, 3 no credentials, 5 no lab')
    .action((o: Options) => exit(status(o)));
};
