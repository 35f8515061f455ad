/** The lab's control plane: real etcd, API server, controller manager and scheduler in a namespace of their own. */
import { randomBytes } from 'node:crypto';
import { openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startDetached } from '../exec';
import { createLeg, deleteNetns, inNetns } from '../hosts/network';
import { createAuthority, createSigningKey, issueCertificate } from '../pki';
import { killProcesses, recordProcess } from '../processes';
import type { LabSettings } from '../settings';
import { labScript } from './scripts';

export const apiServer = (lab: LabSettings): string => `https://${lab.controlPlane.address}:6443`;
export const adminKubeconfig = (lab: LabSettings): string => join(lab.directory, 'admin.kubeconfig');

interface Identity {
  readonly file: string;
  readonly user: string;
  readonly group: string;
}

const identities = (lab: LabSettings): readonly Identity[] => [
  { file: 'admin', user: 'admin', group: 'system:masters' },
  { file: 'kube-controller-manager', user: 'system:kube-controller-manager', group: '' },
  { file: 'kube-scheduler', user: 'system:kube-scheduler', group: '' },
  { file: 'kube-proxy', user: 'system:kube-proxy', group: '' },
  ...lab.nodes.map((n) => ({ file: n.name, user: `system:node:${n.name}`, group: 'system:nodes' })),
];

const kubeconfig = (lab: LabSettings, token: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster: { server: apiServer(lab), 'certificate-authority': join(lab.directory, 'certs', 'ca.crt') } }],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'user' } }],
    'current-context': 'lab',
  });

/** Writes certificates, tokens and kubeconfigs. */
export const writeCredentials = async (lab: LabSettings): Promise<void> => {
  const certs = join(lab.directory, 'certs');
  await mkdir(certs, { recursive: true, mode: 0o700 });
  const authority = await createAuthority('holdfast-lab');
  // An authority of its own: who has its certificates may say for whom he speaks.
  const frontProxy = await createAuthority('holdfast-lab-front-proxy');
  const [apiserver, kubeletClient, frontProxyClient, signingKey] = await Promise.all([
    issueCertificate(authority, { commonName: 'kube-apiserver', usages: ['serverAuth'], alternativeNames: apiServerNames(lab) }),
    issueCertificate(authority, { commonName: 'kube-apiserver', organization: 'system:masters', usages: ['clientAuth'] }),
    issueCertificate(frontProxy, { commonName: 'front-proxy-client', usages: ['clientAuth'] }),
    createSigningKey(),
  ]);
  const tokens = identities(lab).map((identity) => ({ ...identity, token: randomBytes(24).toString('hex') }));
  const secret = { mode: 0o600 };
  await Promise.all([
    writeFile(join(certs, 'ca.crt'), authority.certificate),
    writeFile(join(certs, 'apiserver.crt'), apiserver.certificate),
    writeFile(join(certs, 'apiserver.key'), apiserver.key, secret),
    writeFile(join(certs, 'kubelet-client.crt'), kubeletClient.certificate),
    writeFile(join(certs, 'kubelet-client.key'), kubeletClient.key, secret),
    writeFile(join(certs, 'front-proxy-ca.crt'), frontProxy.certificate),
    writeFile(join(certs, 'front-proxy-client.crt'), frontProxyClient.certificate),
    writeFile(join(certs, 'front-proxy-client.key'), frontProxyClient.key, secret),
    writeFile(join(certs, 'sa.key'), signingKey, secret),
    writeFile(join(lab.directory, 'tokens.csv'), tokens.map((t) => `${t.token},${t.user},${t.file},${t.group}\n`).join(''), secret),
    ...tokens.map((t) => writeFile(join(lab.directory, `${t.file}.kubeconfig`), kubeconfig(lab, t.token), secret)),
  ]);
};

const apiServerNames = (lab: LabSettings): string[] => {
  const service = lab.region.network.serviceCidr.split('/')[0]?.split('.').slice(0, 3).join('.') ?? '';
  return [`IP:${lab.controlPlane.address}`, 'IP:127.0.0.1', `IP:${service}.1`, 'DNS:kubernetes.default.svc', 'DNS:kubernetes.default.svc.cluster.local'];
};

/** Power loss. */
export const killControlPlane = (lab: LabSettings): Promise<void> => killProcesses(lab, ['control-plane']);
/** Removes what is left of a killed control plane's host. */
export const clearControlPlane = (lab: LabSettings): Promise<void> => deleteNetns(lab.controlPlane.netns);

export const startControlPlane = async (lab: LabSettings, binaries: string): Promise<void> => {
  const { netns, bridge, address, gateway } = lab.controlPlane;
  await createLeg(lab, netns, bridge, address, gateway);
  await runControlPlane(lab, binaries);
};

/** Starts (or, after it was killed, restarts) its programs on a host that exists. What was stored is on its disk. */
export const runControlPlane = async (lab: LabSettings, binaries: string): Promise<void> => {
  const { netns, address } = lab.controlPlane;
  const log = openSync(join(lab.logs, 'control-plane.log'), 'a');
  const isolated = ['unshare', '--pid', '--mount', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
  const child = startDetached(inNetns(netns, [...isolated, 'bash', labScript('control-plane-init.sh')]), {
    stdio: ['ignore', log, log],
    env: { ...process.env, BIN: binaries, STATE: lab.directory, ADDRESS: address, SERVICE_CIDR: lab.region.network.serviceCidr },
  });
  await recordProcess(lab, 'control-plane', child.pid);
};
