/** Starts the lab's certificate authority, what proves names to it, and its time servers; restarts the authority when a drill wants it to forget. */
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ACME_TRUST_CONFIG_MAP, MONITOR, RENEWER } from '../../lib/services/certificates';
import { APPLICATION_NAMESPACE, NAMESPACE } from '../../lib/topology/derive';
import { startEmulator } from '../aws/emulator';
import { askOutside } from '../edge/control';
import { run, startDetached, until } from '../exec';
import { createLeg, inNetns, ipBatch } from '../hosts/network';
import type { KubernetesApi, KubernetesObject, Pod } from '../kubernetes/api';
import { projectRoot } from '../kubernetes/scripts';
import { issueCertificate, type KeyPair } from '../pki';
import { killProcesses, livePid, recordProcess } from '../processes';
import type { LabSettings } from '../settings';
import type { AuthorityConfiguration } from './authority';
import { ACME_BRIDGE, acmeSettings, DIRECTORY_PORT, EMULATOR_PORT, MANAGEMENT_PORT, timeAddresses } from './settings';

export interface AuthorityParts {
  /** A Python that has the emulator. */
  readonly python: string;
  /** The program `pebble`. */
  readonly pebble: string;
}

const ALLOCATION_LIMIT = '48MiB';

const acmeOf = ({ environment }: LabSettings): NonNullable<LabSettings['environment']['acme']> => {
  if (environment.acme === null) throw new Error(`environment "${environment.name}" has no acme`);
  return environment.acme;
};

const createHost = async (lab: LabSettings): Promise<void> => {
  const { netns, gateway, address } = acmeSettings(lab);
  await ipBatch(lab.router, [`link add br${ACME_BRIDGE} type bridge`, `addr add ${gateway}/24 dev br${ACME_BRIDGE}`, `link set br${ACME_BRIDGE} up`]);
  await createLeg(lab, netns, ACME_BRIDGE, address, gateway);
  await ipBatch(
    netns,
    timeAddresses(lab).map((extra) => `addr add ${extra}/24 dev eth0`),
  );
};

const pebbleConfiguration = (lab: LabSettings, lifetime: number): object => {
  const { address, directory } = acmeSettings(lab);
  return {
    pebble: {
      listenAddress: `${address}:${DIRECTORY_PORT}`,
      managementListenAddress: `${address}:${MANAGEMENT_PORT}`,
      certificate: join(directory, 'tls.crt'),
      privateKey: join(directory, 'tls.key'),
      httpPort: 5002,
      tlsPort: 5001,
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
      retryAfter: { authz: 1, order: 1 },
      profiles: { default: { description: 'of the lab', validityPeriod: Math.round(lifetime) } },
    },
  };
};

const startPebble = async (lab: LabSettings, lifetime: number = acmeOf(lab).lifetime): Promise<void> => {
  const { netns, directory, address } = acmeSettings(lab);
  await writeFile(join(directory, 'pebble.json'), JSON.stringify(pebbleConfiguration(lab, lifetime)));
  const log = openSync(join(lab.logs, 'pebble.log'), 'a');
  const program = (await readFile(join(directory, 'program'), 'utf8')).trim();
  const argv = [program, '-config', join(directory, 'pebble.json'), '-dnsserver', `${address}:53`];
  // Every name is proved anew each time, and at once.
  const env = { PATH: process.env['PATH'] ?? '', PEBBLE_VA_NOSLEEP: '1', PEBBLE_AUTHZREUSE: '0', GOMEMLIMIT: ALLOCATION_LIMIT };
  await recordProcess(lab, 'pebble', startDetached(inNetns(netns, argv), { stdio: ['ignore', log, log], env }).pid);
  await until('the certificate authority (see pebble.log)', 15, async () => ((await roots(lab)) === '' ? undefined : true), 0.2);
};

/** PEM: what pebble signs with changes with each start. */
export const roots = (lab: LabSettings): Promise<string> => {
  const { netns, address, directory } = acmeSettings(lab);
  return run(inNetns(netns, ['curl', '-sf', '--max-time', '3', '--cacert', join(directory, 'ca.crt'), `https://${address}:${MANAGEMENT_PORT}/roots/0`]));
};

export const startAuthority = async (lab: LabSettings, { python, pebble }: AuthorityParts, authority: KeyPair): Promise<void> => {
  const { netns, directory, address, control } = acmeSettings(lab);
  await mkdir(directory, { recursive: true });
  await createHost(lab);
  const tls = await issueCertificate(authority, { commonName: address, usages: ['serverAuth'], alternativeNames: [`IP:${address}`] });
  const config: AuthorityConfiguration = {
    control,
    address,
    timeAddresses: timeAddresses(lab),
    emulatorPort: EMULATOR_PORT,
    zoneName: lab.environment.dns?.zoneName ?? 'holdfast.test',
    tls,
  };
  await Promise.all([
    writeFile(join(directory, 'ca.crt'), authority.certificate),
    writeFile(join(directory, 'tls.crt'), tls.certificate),
    writeFile(join(directory, 'tls.key'), tls.key, { mode: 0o600 }),
    writeFile(join(directory, 'program'), pebble),
    writeFile(join(directory, 'authority.json'), JSON.stringify(config), { mode: 0o600 }),
  ]);
  const inside = (argv: readonly string[]): readonly string[] => inNetns(netns, argv);
  const emulator = startEmulator({ python, port: EMULATOR_PORT, frontPort: 0, logFile: join(lab.logs, 'emulated-route53.log'), inside });
  await recordProcess(lab, 'emulated-route53', emulator.pid);
  const log = openSync(join(lab.logs, 'authority.log'), 'a');
  const program = [process.execPath, '--max-old-space-size=96', join(projectRoot(), 'dist', 'lab-authority.js'), join(directory, 'authority.json')];
  await recordProcess(lab, 'authority', startDetached(inside(program), { stdio: ['ignore', log, log], env: { PATH: process.env['PATH'] ?? '' } }).pid);
  await until('the authority’s host (see authority.log)', 60, () => askOutside(control, '/state').then(() => true), 0.3);
  await startPebble(lab);
};

/** Whom the renewer and the monitor trust: the server's authority, and the root of what it signs. */
export const trustObjects = async (lab: LabSettings): Promise<readonly (KubernetesObject & { data: Readonly<Record<string, string>> })[]> => {
  const data = { 'ca.crt': await readFile(join(acmeSettings(lab).directory, 'ca.crt'), 'utf8'), 'roots.pem': await roots(lab) };
  return [NAMESPACE, APPLICATION_NAMESPACE].map((namespace) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: ACME_TRUST_CONFIG_MAP, namespace },
    data,
  }));
};

/** The authority is gone. `startForgetful` brings it back. */
export const stopPebble = (lab: LabSettings): Promise<void> => killProcesses(lab, ['pebble']);

/** Whatever a drill did to the authority's host. @returns what was healed */
export const healAuthority = async (lab: LabSettings): Promise<readonly string[]> => {
  await askOutside(acmeSettings(lab).control, '/heal');
  if ((await livePid(lab, 'pebble')) !== undefined) return [];
  await startPebble(lab);
  return ['started the certificate authority'];
};

/** It comes back without its accounts, and with other keys: whom to trust is told to the cluster, as a distribution's new list of roots would be. */
export const startForgetful = async (lab: LabSettings, api: KubernetesApi, lifetime?: number): Promise<void> => {
  await stopPebble(lab);
  await startPebble(lab, lifetime);
  for (const object of await trustObjects(lab)) await api.apply(object);
  await refresh(api);
};

/** A kubelet looks at a pod's ConfigMaps about once a minute, or at once when the pod itself has changed: that is all this annotation is for. */
const refresh = async (api: KubernetesApi): Promise<void> => {
  const annotations = { 'holdfast.dev/trust-refreshed-at': new Date().toISOString() };
  for (const [namespace, name] of [
    [APPLICATION_NAMESPACE, RENEWER],
    [NAMESPACE, MONITOR],
  ] as const) {
    const pods = await api.list<Pod>(`/api/v1/namespaces/${namespace}/pods?labelSelector=app.kubernetes.io/name%3D${name}`);
    for (const { metadata } of pods) await api.patch(`/api/v1/namespaces/${namespace}/pods/${metadata.name}`, { metadata: { annotations } });
  }
};
