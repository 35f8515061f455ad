import { Argument, type Command } from 'commander';
import { atEdge, atGateway } from '../blocking/address';
import { blockUser, freeUser, type Word } from '../blocking/in-cluster';
import { actAt, whoAsks, withPlaceOptions, type Acted, type PlaceOptions } from '../blocking/place';
import { EXIT, UsageError } from '../exit';
import { print, printJson } from '../terminal';

interface BlockOptions extends PlaceOptions {
  readonly for?: string;
  readonly reason?: string;
  readonly remove?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const LONGEST_DAYS = 365;

/** @returns milliseconds. @throws UsageError */
export const durationOf = (text: string): number => {
  const match = /^(\d+)([smhd])$/.exec(text);
  const seconds = Number(match?.[1]) * UNITS[(match?.[2] ?? 's') as keyof typeof UNITS];
  if (match === null || seconds < 1 || seconds > LONGEST_DAYS * UNITS.d)
    throw new UsageError(`--for: given "${text}"; allowed: 1s to ${LONGEST_DAYS}d, a whole number with s, m, h or d; fix: for example --for 1h`);
  return seconds * 1000;
};

/** Ids go into a file that every application reads. @throws UsageError */
export const userId = (text: string): string => {
  if (!/^[\x21-\x7e]{3,200}$/.test(text) || /["\\]/.test(text))
    throw new UsageError(
      `user: given ${JSON.stringify(text)}; allowed: 3 to 200 printable characters without spaces, quotes and backslashes; fix: for example did:key:z6Mk...`,
    );
  return text;
};

const reasonOf = ({ reason, remove }: BlockOptions): string => {
  const said = reason?.trim() ?? '';
  if (said === '' && remove !== true)
    throw new UsageError('--reason: given nothing; allowed: a sentence for whoever finds this block later; fix: for example --reason "floods /orders"');
  return said === '' ? 'not said' : said;
};

const block = async (what: 'address' | 'user', whom: string, name: string | undefined, options: BlockOptions): Promise<void> => {
  if (options.remove === true && options.for !== undefined) throw new UsageError('--for and --remove: allowed: one of them; fix: leave --for out');
  const word: Word = { by: whoAsks(), reason: reasonOf(options), now: new Date() };
  const until = options.for === undefined ? null : new Date(word.now.getTime() + durationOf(options.for)).toISOString();
  const subject = what === 'user' ? userId(whom) : whom;
  const flags = (['remove', 'json'] as const).filter((flag) => options[flag] === true).map((flag) => `--${flag}`);
  const argv = ['block', what, subject, ...flags, ...(options.dryRun === true ? ['--dry-run'] : []), '--reason', word.reason];
  const inside = options.for === undefined ? argv : [...argv, '--for', options.for];
  process.exitCode = await actAt(name, options, inside, (acted) =>
    what === 'user' ? user(acted, subject, until, word, options) : address(acted, subject, until, word, options),
  );
};

const address = async ({ environment, maps, lab }: Acted, cidr: string, until: string | null, word: Word, options: BlockOptions): Promise<number> => {
  const request = { cidr, until, word, remove: options.remove === true, dryRun: options.dryRun === true, json: options.json === true };
  if (lab) return atGateway(environment, maps, request);
  // The SDK takes a moment to load: only this command, and only in AWS, pays for it.
  const { awsIpSets } = await import('../blocking/ip-sets');
  const { healthCheckers } = await import('../blocking/health-checkers');
  return atEdge(environment, awsIpSets(), request, request.remove ? [] : await healthCheckers());
};

const user = async ({ maps }: Acted, who: string, until: string | null, word: Word, options: BlockOptions): Promise<number> => {
  const [remove, dryRun] = [options.remove === true, options.dryRun === true];
  const changed = dryRun ? null : await (remove ? freeUser(maps, who, word) : blockUser(maps, who, until, word));
  if (options.json === true) printJson({ user: who, remove, until, dryRun, changed });
  else {
    const verb = remove ? 'let in' : 'blocked';
    print(dryRun ? `would be ${verb}: ${who}` : changed === true ? `${verb}: ${who}${until === null ? '' : ` until ${until}`}` : `${who}: it was so already`);
  }
  return EXIT.ok;
};

export const registerBlock = (program: Command): void => {
  const command = program
    .command('block')
    .addArgument(new Argument('<what>', 'an address at the edge, or a user in the applications').choices(['address', 'user']))
    .argument('<whom>', 'an IPv4 or IPv6 address or CIDR; a user’s id (DID)')
    .argument('[environment]', 'in AWS; without it: --lab')
    .description('refuse an address or a user, at once; refuses itself what would block everybody, or ourselves')
    .option('--reason <text>', 'why: for whoever finds it later')
    .option('--for <duration>', 'end by itself: 30m, 1h, 7d (users, and addresses in a lab); default: until it is removed')
    .option('--remove', 'let in again')
    .option('--dry-run', 'say what would be done')
    .option('--json', 'as JSON');
  withPlaceOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  holdfast block address 198.51.100.0/24 production --reason "floods /orders"\n  holdfast block user did:key:z6Mk... production --for 1h --reason "invalid signatures"\nExit codes: 0 done, or it was so already; 1 a place could not be changed, run it again; 2 refused or usage; 3 no credentials, no kubectl; 5 no such lab',
    )
    .action(block);
};
