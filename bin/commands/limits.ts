import { Option, type Command } from 'commander';
import { blockedAt, parseAudit, type AuditEntry, type Switches } from '../../lib/services';
import type { Environment } from '../../lib/topology/types';
import { readSwitches, setEmergency, type Word } from '../blocking/in-cluster';
import { actAt, whoAsks, withPlaceOptions, type Acted, type PlaceOptions } from '../blocking/place';
import { cascadeLines, cascadeNotes, cascadeOf } from '../cascade-text';
import { defineEnvironment } from '../../lib/topology/define';
import { inputNamed } from '../environments';
import { EXIT, UsageError } from '../exit';
import { columns, print, printJson } from '../terminal';

interface LimitsOptions extends PlaceOptions {
  readonly emergency?: 'on' | 'off';
  readonly reason?: string;
  readonly status?: boolean;
  readonly json?: boolean;
}

const withEdge = (environment: Environment): Environment & { readonly edge: NonNullable<Environment['edge']> } => {
  const { edge } = environment;
  if (edge === null) throw new UsageError(`environment "${environment.name}" has no limits; allowed: one with \`edge\` in lib/environments; fix: edge: {}`);
  return { ...environment, edge };
};

const LAST = 5;

const statusLines = (switches: Switches, audit: readonly AuditEntry[], now: Date): readonly string[] => [
  `emergency limits: ${switches.emergencyLimits ? 'ON' : 'off'}`,
  ...blockedAt(switches, now).map(({ user, until, by, reason }) => `blocked: ${user}${until === null ? '' : ` until ${until}`}, by ${by}: ${reason}`),
  ...columns(audit.slice(-LAST).map(({ at, by, what, reason }) => [at, by, what, reason])),
];

const show = async ({ environment, maps }: Acted, json: boolean): Promise<number> => {
  const rows = cascadeOf(withEdge(environment));
  const { switches, audit } = await readSwitches(maps);
  const entries = parseAudit(audit);
  if (json) printJson({ environment: environment.name, limits: rows, switches, audit: entries });
  else print([...cascadeLines(rows), ...cascadeNotes(rows), ...statusLines(switches, entries, new Date())].join('\n'));
  return EXIT.ok;
};

const turn = async ({ environment, maps }: Acted, on: boolean, word: Word, json: boolean): Promise<number> => {
  const rows = cascadeOf(withEdge(environment));
  const changed = await setEmergency(maps, on, word);
  if (json) printJson({ environment: environment.name, emergency: on, changed, by: word.by, reason: word.reason, limits: rows });
  else
    print(
      [
        ...cascadeLines(rows),
        `emergency limits ${on ? 'ON' : 'off'}${changed ? '' : ': they were so already'}; gateways and applications follow when their files change`,
      ].join('\n'),
    );
  return EXIT.ok;
};

/** The model's table needs no cluster. */
const showModel = (name: string, json: boolean): number => {
  const environment = withEdge(defineEnvironment(inputNamed(name)));
  const rows = cascadeOf(environment);
  if (json) printJson({ environment: name, limits: rows });
  else print([...cascadeLines(rows), ...cascadeNotes(rows)].join('\n'));
  return EXIT.ok;
};

const limits = async (name: string | undefined, options: LimitsOptions): Promise<void> => {
  const json = options.json === true;
  const { emergency } = options;
  const flags = json ? ['--json'] : [];
  if (emergency === undefined) {
    if (name !== undefined && options.lab === undefined && options.status !== true) {
      process.exitCode = showModel(name, json);
      return;
    }
    process.exitCode = await actAt(name, options, ['limits', ...flags], (acted) => show(acted, json));
    return;
  }
  const reason = options.reason?.trim() ?? '';
  if (reason === '') throw new UsageError('--reason: given nothing; allowed: a sentence for the audit; fix: for example --reason "flood on /orders"');
  const word: Word = { by: whoAsks(), reason, now: new Date() };
  process.exitCode = await actAt(name, options, ['limits', '--emergency', emergency, '--reason', reason, ...flags], (acted) =>
    turn(acted, emergency === 'on', word, json),
  );
};

export const registerLimits = (program: Command): void => {
  const command = program
    .command('limits')
    .argument('[environment]', 'whose; without it: --lab')
    .description('the cascade of limits, layer by layer; and tighter ones in an emergency')
    .addOption(new Option('--emergency <state>', 'divide the gateway’s, users’ and endpoints’ limits, or stop doing so').choices(['on', 'off']))
    .option('--reason <text>', 'why: for the audit; needed with --emergency')
    .option('--status', 'also ask the environment’s cluster (a lab is always asked)')
    .option('--json', 'as JSON');
  withPlaceOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  holdfast limits production\n  holdfast limits production --emergency on --reason "flood on /orders"\nExit codes: 0 done, or it was so already; 1 there is nothing to switch; 2 usage; 3 no kubectl, no cluster; 5 no such lab',
    )
    .action(limits);
};
