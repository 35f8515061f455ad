/** Starts the lab's S3 store and makes the Secret by which the database's pods reach it. `down` ends it like every process and namespace of the lab. */
import { randomBytes } from 'node:crypto';
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositorySecrets } from '../../lib/services/pgbackrest';
import { NAMESPACE, repositoryRegions } from '../../lib/topology/derive';
import { run, startDetached } from '../exec';
import { createLeg, inNetns } from '../hosts/network';
import type { KubernetesObject } from '../kubernetes/api';
import { createAuthority, issueCertificate } from '../pki';
import { recordProcess } from '../processes';
import type { LabSettings } from '../settings';
import { labBucket, objectStore } from './settings';

const PORT = 443;

interface StoreKeys {
  readonly access: string;
  readonly secret: string;
  /** Encrypts the repositories. */
  readonly cipher: string;
  /** PEM. */
  readonly ca: string;
}

const keysFile = (lab: LabSettings): string => join(objectStore(lab).directory, 'keys.json');
const readKeys = async (lab: LabSettings): Promise<StoreKeys> => JSON.parse(await readFile(keysFile(lab), 'utf8')) as StoreKeys;

/** A bridge and a host of its own beside the zones' and the control plane's. */
const createHost = async (lab: LabSettings): Promise<void> => {
  const { netns, bridge, address, gateway } = objectStore(lab);
  await run(['ip', '-n', lab.router, '-batch', '-'], {
    input: [`link add br${bridge} type bridge`, `addr add ${gateway}/24 dev br${bridge}`, `link set br${bridge} up`, ''].join('\n'),
  });
  await createLeg(lab, netns, bridge, address, gateway);
};

const writeKeys = async (lab: LabSettings): Promise<StoreKeys> => {
  const { directory, address, data } = objectStore(lab);
  await mkdir(join(data, labBucket(lab.environment, lab.region)), { recursive: true });
  const authority = await createAuthority('holdfast-s3');
  // pgBackRest compares names only, also where the name is an address.
  const server = await issueCertificate(authority, { commonName: address, usages: ['serverAuth'], alternativeNames: [`DNS:${address}`, `IP:${address}`] });
  const keys = {
    access: randomBytes(10).toString('hex'),
    secret: randomBytes(20).toString('hex'),
    cipher: randomBytes(30).toString('hex'),
    ca: authority.certificate,
  };
  await Promise.all([
    writeFile(join(directory, 'tls.crt'), server.certificate),
    writeFile(join(directory, 'tls.key'), server.key, { mode: 0o600 }),
    writeFile(keysFile(lab), JSON.stringify(keys), { mode: 0o600 }),
  ]);
  return keys;
};

/** After the router, before the cluster needs it. */
export const startObjectStore = async (lab: LabSettings, binary: string): Promise<void> => {
  const { netns, directory, data } = objectStore(lab);
  await createHost(lab);
  const keys = await writeKeys(lab);
  const log = openSync(join(lab.logs, 's3.log'), 'a');
  const flags = [
    '--port',
    `:${PORT}`,
    '--cert',
    join(directory, 'tls.crt'),
    '--key',
    join(directory, 'tls.key'),
    '--region',
    lab.region.name,
    '--quiet',
    '--keep-alive',
  ];
  const child = startDetached(inNetns(netns, [binary, ...flags, 'posix', data]), {
    stdio: ['ignore', log, log],
    env: { PATH: process.env['PATH'] ?? '', ROOT_ACCESS_KEY: keys.access, ROOT_SECRET_KEY: keys.secret },
  });
  await recordProcess(lab, 's3', child.pid);
};

/** What External Secrets makes of AWS Secrets Manager on AWS. */
export const repositorySecret = async (lab: LabSettings): Promise<KubernetesObject & { stringData: Readonly<Record<string, string>> }> => {
  const keys = await readKeys(lab);
  const text = repositorySecrets(repositoryRegions(lab.environment, lab.region).length, keys.cipher, keys);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'backup-repository', namespace: NAMESPACE },
    stringData: { 'repository.conf': text, 'ca.crt': keys.ca },
  };
};
