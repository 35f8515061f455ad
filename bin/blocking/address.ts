/** `holdfast block address`: refuses what would block everybody or ourselves, then acts at the edge and the load balancers, or in a lab at the gateway. */
import { parseBlock, type Block } from '../../lib/topology/addresses';
import { isRefusal, judgeEntry, ownBlocks, refusesTooMuch, type OwnBlock } from '../../lib/topology/blocklist';
import type { Environment } from '../../lib/topology/types';
import { EXIT, ExpectedError, UsageError } from '../exit';
import { columns, notice, print, printJson } from '../terminal';
import { blockAddressAtGateway, freeAddressAtGateway, type Word } from './in-cluster';
import type { ConfigMaps } from './config-maps';
import { changeEverywhere, placesOf, type IpSets, type SetOutcome } from './ip-sets';

export interface AddressRequest {
  readonly cidr: string;
  readonly until: string | null;
  readonly remove: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly word: Word;
}

/** The block, when it may be refused. Removing is always allowed: a mistake must be mended even when it should never have been possible. @throws UsageError */
export const blockOf = (environment: Environment, cidr: string, remove: boolean, more: readonly OwnBlock[] = []): Block => {
  const parsed = parseBlock(cidr);
  if (remove && parsed !== undefined) return parsed;
  const judged = judgeEntry(cidr, [...ownBlocks(environment), ...more]);
  if (isRefusal(judged)) throw new UsageError(`address: given ${judged.given}; allowed: ${judged.allowed}; fix: ${judged.fix}`);
  return judged;
};

export const atGateway = async (environment: Environment, maps: ConfigMaps, request: AddressRequest): Promise<number> => {
  const { canonical } = blockOf(environment, request.cidr, request.remove);
  const act = (): Promise<boolean> =>
    request.remove ? freeAddressAtGateway(maps, canonical, request.word) : blockAddressAtGateway(maps, canonical, request.until, request.word);
  const changed = request.dryRun ? null : await act();
  const { remove, dryRun, until } = request;
  if (request.json) printJson({ address: canonical, remove, until, dryRun, changed });
  else {
    const verb = remove ? 'let in' : 'blocked';
    print(
      dryRun
        ? `would be ${verb}: ${canonical}`
        : changed === true
          ? `${verb}: ${canonical}${until === null || remove ? '' : ` until ${until}`}`
          : `${canonical}: it was so already`,
    );
  }
  return EXIT.ok;
};

const row = (outcome: SetOutcome, dryRun: boolean): readonly string[] => [
  outcome.scope,
  outcome.region,
  outcome.name,
  'error' in outcome ? `failed: ${outcome.error}` : `${outcome.changed ? (dryRun ? 'would change' : 'changed') : 'was so already'}, ${outcome.entries} blocks`,
];

/** A set that would refuse too much with this block in it is not changed. */
const refuseTooMuch = async (sets: IpSets, environment: Environment, added: Block): Promise<void> => {
  const [edge] = placesOf(environment, added.family);
  if (edge === undefined) return;
  const { addresses } = await sets.read(edge);
  const together = [...new Set([...addresses, added.canonical, ...(environment.edge?.blocklist ?? [])])].flatMap((text) => parseBlock(text) ?? []);
  const refusal = refusesTooMuch(together);
  if (refusal !== null) throw new UsageError(`address: given ${refusal.given}; allowed: ${refusal.allowed}; fix: ${refusal.fix}`);
};

/** In AWS. Exit code 1 when any place could not be changed. */
export const atEdge = async (environment: Environment, sets: IpSets, request: AddressRequest, more: readonly OwnBlock[]): Promise<number> => {
  if (environment.edge === null || environment.dns === null)
    throw new UsageError(`environment "${environment.name}" has no web ACLs; allowed: one with \`edge\` and \`dns\` in lib/environments`);
  if (request.until !== null)
    throw new ExpectedError('--for: the IP sets of AWS forget nothing by themselves; leave --for out, and use --remove when it is over', EXIT.usage);
  const block = blockOf(environment, request.cidr, request.remove, more);
  if (!request.remove) await refuseTooMuch(sets, environment, block);
  const outcomes = await changeEverywhere(sets, placesOf(environment, block.family), block.canonical, request.remove, request.dryRun);
  const { remove, dryRun, word } = request;
  if (request.json) printJson({ address: block.canonical, remove, dryRun, by: word.by, reason: word.reason, places: outcomes });
  else print(columns(outcomes.map((outcome) => row(outcome, dryRun))).join('\n'));
  const failed = outcomes.filter((outcome) => 'error' in outcome);
  if (failed.length > 0) notice(`${failed.length} of ${outcomes.length} places were not changed: run the same command again, it repeats nothing`);
  return failed.length > 0 ? EXIT.failed : EXIT.ok;
};
