import { ETCD_CLIENT_PORT, ETCD_PEER_PORT, etcdHost, etcdMemberNames } from '../topology/derive';
import type { Environment, Region } from '../topology/types';
import { ETCD_DATA_DIR, TLS_DIRS, tlsFiles } from './paths';

export const ETCD_METRICS_PORT = 2381;

const milliseconds = (s: number): string => String(Math.round(s * 1000));
const peerUrl = (member: string): string => `https://${etcdHost(member)}:${ETCD_PEER_PORT}`;

/**
 * etcd's command line flags. (Flags, not a file: with `--config-file` etcd ignores every flag and variable, and the member's name comes from the pod.)
 * @param member the member's name; in a pod template `$(POD_NAME)`, which the kubelet expands
 */
export const etcdFlags = (environment: Environment, region: Region, member: string): readonly string[] => {
  const settings: Readonly<Record<string, string>> = {
    name: member,
    'data-dir': ETCD_DATA_DIR,
    ...clusterSettings(environment, region, member),
    ...tlsSettings(),
    'heartbeat-interval': milliseconds(region.etcd.heartbeat),
    'election-timeout': milliseconds(region.etcd.electionTimeout),
    'pre-vote': 'true',
    'strict-reconfig-check': 'true',
    'quota-backend-bytes': String(region.etcd.quota * 1024 * 1024),
    'auto-compaction-mode': 'periodic',
    'auto-compaction-retention': '1h',
    'log-level': 'warn',
  };
  return Object.entries(settings).map(([flag, value]) => `--${flag}=${value}`);
};

const clusterSettings = (environment: Environment, region: Region, member: string): Readonly<Record<string, string>> => ({
  // etcd listens on numeric addresses only; what it advertises are the names that its certificate carries.
  'listen-client-urls': `https://0.0.0.0:${ETCD_CLIENT_PORT}`,
  'advertise-client-urls': `https://${etcdHost(member)}:${ETCD_CLIENT_PORT}`,
  'listen-peer-urls': `https://0.0.0.0:${ETCD_PEER_PORT}`,
  'initial-advertise-peer-urls': peerUrl(member),
  'listen-metrics-urls': `http://0.0.0.0:${ETCD_METRICS_PORT}`,
  'initial-cluster': etcdMemberNames(region)
    .map((name) => `${name}=${peerUrl(name)}`)
    .join(','),
  'initial-cluster-state': 'new',
  'initial-cluster-token': `${environment.name}-${region.name}`,
});

const tlsSettings = (): Readonly<Record<string, string>> => {
  const server = tlsFiles(TLS_DIRS.etcdServer);
  const peer = tlsFiles(TLS_DIRS.etcdPeer);
  return {
    'client-cert-auth': 'true',
    'trusted-ca-file': server.ca,
    'cert-file': server.cert,
    'key-file': server.key,
    'peer-client-cert-auth': 'true',
    'peer-trusted-ca-file': peer.ca,
    'peer-cert-file': peer.cert,
    'peer-key-file': peer.key,
    // A peer proves itself by a certificate of our CA. etcd would also look its names up and compare them with the address it comes from:
    // a member that returns with a new pod address would be refused until DNS has caught up.
    'experimental-peer-skip-client-san-verification': 'true',
    'tls-min-version': 'TLS1.3',
  };
};
