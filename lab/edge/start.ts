/** Starts what is outside the workload regions, and each region's edge. `down` ends it like every process and namespace of the lab. */
import { openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readZone, type Zone } from '../../lib/failover/routing';
import { HEALTH_PATH, regionHost, writerHost } from '../../lib/failover/names';
import { PASSWORD_KEYS } from '../../lib/services/rotation/roles';
import { POOLER_PORT } from '../../lib/topology/derive';
import { gatewayAddresses, POOLER_NAME, REGION_STATUS_PORT, regionStatusAddresses } from '../../lib/topology/regions';
import type { Dns } from '../../lib/topology/types';
import { startEmulator } from '../aws/emulator';
import type { GivenSecret } from '../aws/provision';
import { awsResources, type AwsResources } from '../aws/resources';
import { AWS_ACCOUNT, AWS_ADDRESS, AWS_ENDPOINT, CLIENT_ADDRESSES, DNS_ADDRESS, EMULATOR_PORT, FRONT_PORT, functionHostSocket } from '../aws/settings';
import type { Stack } from '../aws/template';
import { startDetached, until } from '../exec';
import { inNetns } from '../hosts/network';
import { projectRoot } from '../kubernetes/scripts';
import { issueCertificate, type KeyPair } from '../pki';
import { recordProcess } from '../processes';
import { labRegions, type LabSettings } from '../settings';
import { askOutside } from './control';
import type { OutsideConfiguration, RegionEdgeConfiguration } from './outside-configuration';
import { continentOf, type Place } from './places';
import { edgeSettings, HEALTH_PORT, outsideOf, SQL_PORT } from './settings';

export interface OutsideParts {
  /** A Python that has the emulator. */
  readonly python: string;
  /** The environment's synthesized templates. */
  readonly stacks: readonly Stack[];
  /** The data tier's certificate authority. */
  readonly authority: KeyPair;
  /** The application's password. */
  readonly application: string;
}

/** So many look at each check: of 16 or more on AWS, each costs this machine as much as any other. */
const CHECKERS = 8;
/** Whom the regions' doors take orders from. */
const DOOR_CLIENT = 'holdfast-failover';
const bundle = (name: string): string => join(projectRoot(), 'dist', `${name}.js`);

const dnsOf = ({ environment }: LabSettings): Dns => {
  if (environment.dns === null) throw new Error(`environment "${environment.name}" has no dns`);
  return environment.dns;
};

/** Node with little memory, and with the outside's name server: a mount of this process alone. */
const program = (netns: string, resolver: string, name: string, file: string): string[] => {
  const node = [process.execPath, '--max-old-space-size=192', bundle(name), file];
  return inNetns(netns, ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolver, ...node]);
};

const launch = async (lab: LabSettings, name: string, argv: readonly string[]): Promise<void> => {
  const log = openSync(join(lab.logs, `${name}.log`), 'a');
  await recordProcess(lab, name, startDetached(argv, { stdio: ['ignore', log, log], env: { PATH: process.env['PATH'] ?? '' } }).pid);
};

const commonFiles = async (lab: LabSettings, authority: KeyPair): Promise<{ readonly resolver: string; readonly ca: string }> => {
  const { directory } = outsideOf(lab);
  await mkdir(directory, { recursive: true });
  const [resolver, ca] = [join(directory, 'resolv.conf'), join(directory, 'ca.crt')];
  // One try of a second: who asks has plans of his own for silence.
  await writeFile(resolver, `nameserver ${DNS_ADDRESS}\noptions timeout:1 attempts:1\n`);
  await writeFile(ca, authority.certificate);
  return { resolver, ca };
};

const functionEnvironment = (ca: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: AWS_ENDPOINT,
  HOLDFAST_S3_PATH_STYLE: '1',
  NODE_EXTRA_CA_CERTS: ca,
  AWS_ACCESS_KEY_ID: 'lab',
  AWS_SECRET_ACCESS_KEY: 'lab',
});

/** Everything; ready when it returns. */
export const startOutside = async (lab: LabSettings, parts: OutsideParts, progress: (line: string) => void): Promise<void> => {
  const { resolver, ca } = await commonFiles(lab, parts.authority);
  const aws = outsideOf(lab);
  await Promise.all(labRegions(lab).map((region) => writeRegionEdge(region, parts.authority, ca)));
  for (const region of labRegions(lab)) await startRegionEdge(region);
  const emulator = startEmulator({
    python: parts.python,
    port: EMULATOR_PORT,
    frontPort: FRONT_PORT,
    logFile: join(lab.logs, 'emulated-aws.log'),
    inside: (argv) => inNetns(aws.netns, argv),
  });
  await recordProcess(lab, 'emulated-aws', emulator.pid);
  const file = join(aws.directory, 'outside.json');
  await writeFile(file, JSON.stringify(await outsideConfiguration(lab, parts, ca)), { mode: 0o600 });
  await launch(lab, 'outside', program(aws.netns, resolver, 'lab-outside', file));
  await until(`the outside (see ${lab.logs}/outside.log)`, 60, () => askOutside(aws.control, '/state').then(() => true), 0.3);
  progress('outside ready: emulated AWS, health checkers, name server');
};

const outsideConfiguration = async (lab: LabSettings, parts: OutsideParts, ca: string): Promise<OutsideConfiguration> => {
  const { stacks, authority } = parts;
  const aws = outsideOf(lab);
  const dns = dnsOf(lab);
  const regions = labRegions(lab);
  const environment = lab.environment.name;
  const resources = awsResources(stacks, join(projectRoot(), 'dist', 'lambdas'), environment);
  const zone = zoneOf(stacks);
  const tls = await issueCertificate(authority, { commonName: AWS_ADDRESS, usages: ['serverAuth'], alternativeNames: [`IP:${AWS_ADDRESS}`] });
  return {
    control: aws.control,
    events: join(aws.directory, 'events.jsonl'),
    emulatorPort: EMULATOR_PORT,
    frontPort: FRONT_PORT,
    awsAddress: AWS_ADDRESS,
    tls,
    resources,
    secrets: await secretsFor(resources, parts),
    functionHosts: Object.fromEntries(regions.map(({ region }) => [region.name, functionHostSocket(aws, region.name)])),
    worker: bundle('lab-function-worker'),
    functionEnvironment: functionEnvironment(ca),
    dns: { host: DNS_ADDRESS, port: 53 },
    zone,
    zoneName: dns.zoneName,
    places: placesOf(regions),
    entrances: Object.fromEntries(regions.map((region) => [region.region.name, edgeSettings(region).entrance])),
    healthPath: HEALTH_PATH,
    ttl: dns.ttl,
    checkers: CHECKERS,
    watched: { name: writerHost(dns), clients: Object.values(CLIENT_ADDRESSES) },
  };
};

/** Names with the account in them are known once there is an account. */
const zoneOf = (stacks: readonly Stack[]): Zone => {
  const { records, checks, problems } = readZone(stacks.map(({ name, region, template }) => ({ stack: name, region, template })));
  if (problems.length > 0) throw new Error(`the templates' records can't be read: ${problems.join('; ')}`);
  return JSON.parse(JSON.stringify({ records, checks }).replace(/\$\{aws::accountid\}/gi, AWS_ACCOUNT)) as Zone;
};

/** What the functions find in Secrets Manager, by the names that their variables give. */
const secretsFor = async ({ functions }: AwsResources, { authority, application }: OutsideParts): Promise<readonly GivenSecret[]> => {
  const client = await issueCertificate(authority, { commonName: DOOR_CLIENT, usages: ['clientAuth'] });
  const values: Readonly<Record<string, string>> = {
    HOLDFAST_DOOR_SECRET: JSON.stringify({ certificate: client.certificate, key: client.key, ca: authority.certificate }),
    HOLDFAST_DATABASE_SECRET: JSON.stringify({ [PASSWORD_KEYS.application]: application }),
  };
  const secrets = functions.flatMap(({ region, environment }) =>
    Object.entries(values).flatMap(([variable, value]) => (environment[variable] === undefined ? [] : [{ region, name: environment[variable], value }])),
  );
  return [...new Map(secrets.map((secret) => [`${secret.region} ${secret.name}`, secret])).values()];
};

const placesOf = (regions: readonly LabSettings[]): readonly Place[] => [
  ...regions.map(({ region }) => ({ cidr: region.network.vpcCidr, continent: continentOf(region.name) })),
  ...(['EU', 'NA', 'AS'] as const).map((continent) => ({ cidr: `${CLIENT_ADDRESSES[continent]}/32`, continent })),
];

const edgeFile = (region: LabSettings): string => join(edgeSettings(region).directory, 'edge.json');

const writeRegionEdge = async (lab: LabSettings, authority: KeyPair, ca: string): Promise<void> => {
  const { directory, entrance } = edgeSettings(lab);
  await mkdir(directory, { recursive: true });
  const tls = await issueCertificate(authority, {
    commonName: 'holdfast-entrance',
    usages: ['serverAuth', 'clientAuth'],
    alternativeNames: [`DNS:${regionHost(dnsOf(lab), lab.region)}`, `IP:${entrance}`],
  });
  const configuration: RegionEdgeConfiguration = {
    functions: functionHostSocket(outsideOf(lab), lab.region.name),
    worker: bundle('lab-function-worker'),
    functionEnvironment: functionEnvironment(ca),
    entrance: {
      host: entrance,
      sqlPort: SQL_PORT,
      healthPort: HEALTH_PORT,
      healthPath: HEALTH_PATH,
      poolers: gatewayAddresses(lab.region),
      poolerPort: POOLER_PORT,
      doors: regionStatusAddresses(lab.region),
      doorPort: REGION_STATUS_PORT,
      doorName: POOLER_NAME,
      tls: { ...tls, ca: authority.certificate },
      lookEverySeconds: 1,
    },
  };
  await writeFile(edgeFile(lab), JSON.stringify(configuration), { mode: 0o600 });
};

/** Again after its region was lost, too: everything it needs is in its folder. */
export const startRegionEdge = (region: LabSettings): Promise<void> =>
  launch(region, 'edge', program(edgeSettings(region).netns, join(outsideOf(region).directory, 'resolv.conf'), 'lab-edge', edgeFile(region)));
