/** What every drill of the region failover has at hand: that of regions, and the world outside with clients of its own. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { leaseTableName, writerHost } from '../../lib/failover/names';
import type { LeaseRecord } from '../../lib/failover/lease';
import type { RegionFailover } from '../../lib/topology/types';
import { CLIENT_ADDRESSES, DNS_ADDRESS } from '../aws/settings';
import { completeLines, startOutsideClients } from '../drill/meters';
import type { ProcedureContext } from '../drill/procedures';
import { NotSteadyError } from '../drill/run';
import { askOutside } from '../edge/control';
import { edgeSettings, outsideOf, SQL_PORT } from '../edge/settings';
import { sleep } from '../exec';
import { now } from '../meter/clock';
import { closeStage, openStage, type RegionStage } from '../regions/stage';
import type { LabSettings } from '../settings';
import type { Seen } from './timeline';

const WRITE_EVERY = 0.06;
/** A cooldown, and the checkers' intervals. */
const READY_SECONDS = 150;

export interface FailoverStage extends RegionStage {
  readonly failover: RegionFailover;
  /** Clients in neither region. */
  readonly outside: readonly string[];
}

export const failoverOf = ({ environment }: LabSettings): RegionFailover => {
  if (environment.failover === null) throw new NotSteadyError(`environment "${environment.name}" has no failover: use a lab of lab-failover`);
  return environment.failover;
};

/** As the one table has it; null: none yet. */
export const readLease = async (lab: LabSettings): Promise<LeaseRecord | null> => {
  const input = { TableName: leaseTableName(lab.environment), Key: { id: { S: 'lease' }, part: { S: 'lease' } }, ConsistentRead: true };
  const [region] = failoverOf(lab).leaseRegions;
  const answer = (await askOutside(outsideOf(lab).control, '/call', { api: 'DynamoDB', region, operation: 'GetItem', input })) as {
    readonly Item?: { readonly record?: { readonly S?: string } };
  };
  const text = answer.Item?.record?.S;
  return text === undefined ? null : (JSON.parse(text) as LeaseRecord);
};

export interface StageOptions {
  /** A person begins, whom no cooldown keeps from it. @default false */
  readonly byPeople?: boolean;
}

/** The source holds the lease, no cooldown is left, and the public name leads to it. */
const complaint = async (source: LabSettings, { byPeople = false }: StageOptions): Promise<string | undefined> => {
  const lease = await readLease(source);
  if (lease?.phase !== 'held' || lease.holder !== source.region.name)
    return `the lease is ${lease === null ? 'nobody’s' : `${lease.phase} by ${lease.holder}`}`;
  if (!byPeople && lease.cooldownUntil > Date.now())
    return `no failover begins by itself for another ${Math.ceil((lease.cooldownUntil - Date.now()) / 1000)} s`;
  const { dns } = source.environment;
  if (dns === null) return 'there is no DNS';
  const asked = { name: writerHost(dns), client: CLIENT_ADDRESSES.EU };
  const { addresses } = (await askOutside(outsideOf(source).control, '/answer', asked)) as { readonly addresses: readonly string[] };
  return addresses.includes(edgeSettings(source).entrance) ? undefined : `${asked.name} leads to ${addresses.join(', ')}`;
};

const awaitReady = async (stage: RegionStage, options: StageOptions): Promise<void> => {
  let told = '';
  const end = now() + READY_SECONDS;
  for (;;) {
    stage.context.signal.throwIfAborted();
    const why = await complaint(stage.source, options);
    if (why === undefined) return;
    if (now() > end) throw new NotSteadyError(why);
    if (why.replace(/\d+ s$/, '') !== told) stage.context.progress(`waiting: ${why}`);
    told = why.replace(/\d+ s$/, '');
    await sleep(0.5);
  }
};

const CLIENTS: readonly (readonly [string, string])[] = [
  ['outside-eu', CLIENT_ADDRESSES.EU],
  ['outside-na', CLIENT_ADDRESSES.NA],
];

/** The outside clients count as clients of the target: they have to be served whatever becomes of the source. */
export const openFailoverStage = async (context: ProcedureContext, options: StageOptions = {}): Promise<FailoverStage> => {
  const failover = failoverOf(context.lab);
  const stage = await openStage(context);
  try {
    await awaitReady(stage, options);
    const { dns } = context.lab.environment;
    if (dns === null) throw new NotSteadyError('there is no DNS');
    const clients = CLIENTS.map(([name, localAddress]) => ({
      name,
      netns: outsideOf(context.lab).netns,
      host: writerHost(dns),
      port: SQL_PORT,
      resolver: { server: DNS_ADDRESS, port: 53, localAddress },
    }));
    const meters = startOutsideClients(context.lab, context.credentials, context.directory, clients, WRITE_EVERY);
    const outside = clients.map(({ name }) => name);
    return { ...stage, failover, outside, meters: [...stage.meters, meters], clients: { ...stage.clients, target: [...stage.clients.target, ...outside] } };
  } catch (error) {
    await closeStage(stage);
    stage.regions.close();
    throw error;
  }
};

/** What the outside noted since then. */
export const seenSince = async (stage: FailoverStage, since: number): Promise<readonly Seen[]> => {
  const lines = (await readFile(join(outsideOf(stage.context.lab).directory, 'events.jsonl'), 'utf8')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Seen).filter(({ t }) => t >= since);
};

export interface Acked {
  readonly t: number;
  readonly client: string;
  readonly outcome: string;
  readonly address?: string;
}

/** Acknowledgements to any client, by servers of the region, in the order in which they arrived. */
export const acksBy = async (stage: FailoverStage, region: LabSettings): Promise<readonly Acked[]> => {
  const net = `${region.region.network.vpcCidr.split('.').slice(0, 2).join('.')}.`;
  const lines = (await Promise.all(stage.meters.flatMap((m) => m.files).map(completeLines))).flat();
  return lines
    .filter((line) => line.includes('"outcome":"acked"'))
    .map((line) => JSON.parse(line) as Acked)
    .filter(({ address }) => address?.startsWith(net) === true)
    .sort((a, b) => a.t - b.t);
};
