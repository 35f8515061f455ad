/** Who takes the writes, who could, and what clients are told now. */
import { ListResourceRecordSetsCommand, Route53Client, type ResourceRecordSet } from '@aws-sdk/client-route-53';
import { ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { Resolver } from 'node:dns/promises';
import { limits } from '../../lambdas/aws/limits';
import { publicHealthOf } from '../../lambdas/aws/public-health';
import { switchObjectsOf } from '../../lambdas/aws/switch-objects';
import type { PublicHealth, SwitchReading } from '../../lib/failover/failover-ports';
import type { LeaseRecord } from '../../lib/failover/lease';
import { applicationHost, regionHost, WORKFLOWS, writerHost, type Direction } from '../../lib/failover/names';
import { lagOf, leaderOf, type RegionSight } from '../../lib/failover/region-observation';
import { wordOf, type World } from './world';

const TIMEOUT = 5000;

export interface RegionState {
  readonly region: string;
  readonly role: 'primary' | 'standby' | 'unknown';
  readonly epoch: number | null;
  readonly leader: string | null;
  readonly members: number | null;
  readonly expectedMembers: number | null;
  readonly lagBytes: number | null;
  readonly lagSeconds: number | null;
  readonly entrance: PublicHealth;
}

export interface Named {
  readonly name: string;
  /** undefined answers: nobody has answered. */
  readonly addresses: readonly string[] | null;
  /** Whose addresses these are. */
  readonly regions: readonly string[];
}

export interface RecordState {
  readonly name: string;
  readonly type: string;
  readonly id: string;
}

export interface FailoverStatus {
  readonly environment: string;
  readonly lease: LeaseRecord | null | 'does not answer';
  readonly switch: readonly { readonly name: string; readonly reading: SwitchReading }[];
  readonly regions: readonly RegionState[];
  readonly dns: readonly Named[];
  /** The names' records in the hosted zone; null: Route 53's control plane does not answer, which changes no answer of DNS. */
  readonly records: readonly RecordState[] | null;
  readonly runs: readonly { readonly region: string; readonly direction: Direction; readonly attempt: string; readonly status: string }[];
}

const roleOf = (sight: RegionSight | null): RegionState['role'] => (sight?.role === undefined ? 'unknown' : sight.role.follows ? 'standby' : 'primary');

const regionsOf = async (world: World): Promise<readonly RegionState[]> => {
  const health = publicHealthOf(world.settings);
  const seen = await Promise.all(
    world.settings.regions.map(async ({ name }) => {
      const [word, entrance] = await Promise.all([wordOf(world, name), health(name)]);
      return { name, entrance, sight: word?.members ?? null };
    }),
  );
  const primary = seen.find(({ sight }) => roleOf(sight) === 'primary')?.sight ?? undefined;
  return seen.map(({ name, entrance, sight }) => {
    const lag = sight === null || sight === primary ? { bytes: null, seconds: null } : lagOf(sight, primary);
    return {
      region: name,
      role: roleOf(sight),
      epoch: sight?.role?.epoch ?? null,
      leader: sight === null ? null : (leaderOf(sight)?.name ?? null),
      members: sight?.members.length ?? null,
      expectedMembers: sight?.expectedMembers ?? null,
      lagBytes: lag.bytes,
      lagSeconds: lag.seconds,
      entrance,
    };
  });
};

/** As whoever is here would be answered: elsewhere the names lead elsewhere. */
const answersOf = async ({ environment }: World, servers: readonly string[]): Promise<readonly Named[]> => {
  const { dns, regions } = environment;
  if (dns === null) return [];
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  const resolve = (name: string): Promise<readonly string[] | null> => resolver.resolve4(name).catch(() => null);
  const own = await Promise.all(regions.map(async (region) => ({ region: region.name, addresses: (await resolve(regionHost(dns, region))) ?? [] })));
  return Promise.all(
    [applicationHost(dns), writerHost(dns)].map(async (name) => {
      const addresses = await resolve(name);
      return { name, addresses, regions: own.filter((o) => o.addresses.some((address) => addresses?.includes(address) === true)).map((o) => o.region) };
    }),
  );
};

const recordState = ({ Name = '', Type: type, SetIdentifier: id = '', Failover: role }: ResourceRecordSet): RecordState => ({
  name: Name,
  type: type ?? '?',
  id: role === undefined ? id : `${id} (${role.toLowerCase()})`,
});

/** The control plane of DNS is looked at here, and nowhere in a failover. */
const recordsOf = async ({ environment }: World): Promise<readonly RecordState[] | null> => {
  const { dns } = environment;
  if (dns === null) return [];
  const client = new Route53Client({ region: 'us-east-1', ...limits(TIMEOUT) });
  const names = [applicationHost(dns), writerHost(dns)];
  try {
    const { ResourceRecordSets: sets = [] } = await client.send(new ListResourceRecordSetsCommand({ HostedZoneId: dns.zoneId, MaxItems: 300 }));
    return sets.filter(({ Name: name = '' }) => names.some((ours) => name.replace(/\.$/, '').endsWith(ours))).map(recordState);
  } catch {
    return null; // shown as what it is; what DNS answers is asked of DNS itself
  }
};

export const runsOf = async (world: World): Promise<FailoverStatus['runs']> => {
  const places = world.settings.regions.flatMap(({ name: region }) => WORKFLOWS.map((direction) => ({ region, direction })));
  const found = await Promise.all(
    places.map(async ({ region, direction }) => {
      const command = new ListExecutionsCommand({ stateMachineArn: world.machineArn(region, direction), statusFilter: 'RUNNING', maxResults: 10 });
      const { executions = [] } = await world
        .machines(region)
        .send(command)
        .catch(() => ({ executions: [] }));
      return executions.map(({ name = '', status = '' }) => ({ region, direction, attempt: name, status }));
    }),
  );
  return found.flat();
};

/** @param servers DNS servers to ask; none: the machine's own */
export const statusOf = async (world: World, servers: readonly string[] = []): Promise<FailoverStatus> => {
  const [lease, objects, regions, dns, records, runs] = await Promise.all([
    world.lease.read().catch(() => 'does not answer' as const),
    world.settings.trafficSwitch === 'stopQuorum' ? switchObjectsOf(world.settings).read() : [],
    regionsOf(world),
    answersOf(world, servers),
    recordsOf(world),
    runsOf(world),
  ]);
  return { environment: world.environment.name, lease, switch: objects, regions, dns, records, runs };
};

const leaseLine = (lease: FailoverStatus['lease'], now: number): string => {
  if (lease === 'does not answer') return 'lease          does not answer in either of its regions';
  if (lease === null) return 'lease          none yet: the home region creates it when it first takes writes';
  const age = `renewed ${Math.max(0, (now - lease.renewedAt) / 1000).toFixed(1)} s ago`;
  if (lease.phase === 'held')
    return `lease          ${lease.holder} holds it in epoch ${lease.epoch}, ${age}${lease.cooldownUntil > now ? `; cooldown until ${new Date(lease.cooldownUntil).toISOString()}` : ''}`;
  return `lease          ${lease.execution ?? '?'} moves it from ${lease.previous?.region ?? '?'} to ${lease.holder}, epoch ${lease.epoch}, after step "${lease.step ?? 'none'}"`;
};

const readingText = (reading: SwitchReading): string => {
  switch (reading.kind) {
    case 'says':
      return `${reading.value.active}, epoch ${reading.value.epoch}`;
    case 'absent':
      return 'nothing, which means the home region';
    case 'corrupt':
      return `something that is none of ours: ${JSON.stringify(reading.text.slice(0, 40))}`;
    case 'silent':
      return 'does not answer';
  }
};

const regionLine = (r: RegionState): string => {
  const behind = r.role !== 'standby' ? '' : `, behind by ${r.lagBytes ?? 'unknown'} bytes, ${r.lagSeconds === null ? 'unknown' : r.lagSeconds.toFixed(1)} s`;
  const members = r.members === null ? 'does not say how it is' : `leader ${r.leader ?? 'none'}, ${r.members} of ${r.expectedMembers ?? '?'} members`;
  return `${r.region.padEnd(14)} ${r.role}, epoch ${r.epoch ?? '?'}, ${members}${behind}; entrance ${r.entrance}`;
};

export const statusText = (status: FailoverStatus, now: number): readonly string[] => [
  leaseLine(status.lease, now),
  ...status.regions.map(regionLine),
  ...status.switch.map(({ name, reading }) => `switch         ${name} says ${readingText(reading)}`),
  ...status.dns.map(
    ({ name, addresses, regions }) =>
      `dns            ${name} -> ${addresses === null ? 'no answer' : addresses.join(', ')}${regions.length === 0 ? '' : ` (${regions.join(', ')})`}`,
  ),
  `records        ${status.records === null ? "Route 53's control plane does not answer; DNS does not need it" : `${status.records.length} in the zone`}`,
  ...status.runs.map(({ attempt, region, direction }) => `running        ${direction} ${attempt} in ${region}`),
];
