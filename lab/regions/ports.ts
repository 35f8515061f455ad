/** The region primitives' ports, on the lab: Patroni's REST API over mutual TLS, and Kubernetes of the region that is acted on. */
import { connect } from 'node:net';
import { join } from 'node:path';
import type { RegionPorts } from '../../lib/failover/carry-out';
import { leaderOf, type MemberSight, type RegionSight } from '../../lib/failover/region-observation';
import { PGDATA } from '../../lib/services/paths';
import { NAMESPACE, POSTGRES_PORT } from '../../lib/topology/derive';
import { standbyClusterOf } from '../../lib/topology/regions';
import { run, sleep } from '../exec';
import { cutOff } from '../hosts/wan';
import { adminKubeconfig } from '../kubernetes/control-plane';
import { now } from '../meter/clock';
import { askPatroni, type PatroniClientTls } from '../patroni';
import { clientTls, readCredentials } from '../secrets';
import { labRegions, type LabSettings } from '../settings';
import { readState } from '../state';
import { RegionWatcher } from './sight';

export interface LabRegions {
  readonly ports: RegionPorts;
  readonly observeAll: () => Promise<readonly RegionSight[]>;
  readonly close: () => void;
}

const REFUSED_WITHIN_MS = 500;

export const openRegions = async (lab: LabSettings, report: (line: string) => void): Promise<LabRegions> => {
  const regions = labRegions(lab);
  const tls = clientTls(await readCredentials(lab));
  const watchers = new Map(regions.map((region) => [region.region.name, new RegionWatcher(region, tls)]));
  const watcher = (name: string): RegionWatcher => {
    const found = watchers.get(name);
    if (found === undefined) throw new Error(`the lab has no region "${name}"`);
    return found;
  };
  const observe = (name: string, patienceSeconds?: number): Promise<RegionSight> => watcher(name).sight(patienceSeconds);
  const model = (name: string): LabSettings['region'] => watcher(name).lab.region;
  return {
    observeAll: () => Promise.all(regions.map(({ region }) => observe(region.name))),
    close: () => watchers.forEach((w) => w.close()),
    ports: {
      observe,
      observeMember: (name, { name: member, address }) => watcher(name).member({ name: member, address }),
      change: async (name, patch) => change(tls, await observe(name), patch),
      standbyCluster: (region, primary) => standbyClusterOf(model(region), model(primary)),
      primaryStartTimeout: (name) => model(name).postgres.patroni.primaryStartTimeout,
      refusesConnections: (member) => refusesConnections(member.address),
      isolate: (name) => cutOff(watcher(name).lab),
      rebuild: (name, member) => rebuild(watcher(name).lab, tls, member),
      now,
      sleep,
      report,
    },
  };
};

/** To the leader, which acts on it at once; the others read it from etcd within a round of their loop. */
const change = async (tls: PatroniClientTls, sight: RegionSight, patch: Readonly<Record<string, unknown>>): Promise<void> => {
  const leader = leaderOf(sight);
  const members = [...sight.members].sort((a, b) => Number(b === leader) - Number(a === leader));
  let refusal = `no member of ${sight.name} answers`;
  for (const { name, address } of members) {
    try {
      const { status, body } = await askPatroni(tls, address, '/config', { method: 'PATCH', body: patch, timeoutSeconds: 5 });
      if (status === 200) return;
      refusal = `${name} answered ${status} ${body}`;
    } catch (error) {
      refusal = `${name}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  throw new Error(`the configuration of ${sight.name} was not changed: ${refusal}`);
};

/** True only for an answer that says so: silence could be a cut wire. */
const refusesConnections = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port: POSTGRES_PORT, timeout: REFUSED_WITHIN_MS });
    const done = (refused: boolean): void => {
      socket.destroy();
      resolve(refused);
    };
    socket.on('connect', () => done(false));
    socket.on('timeout', () => done(false));
    socket.on('error', (error) => done('code' in error && error.code === 'ECONNREFUSED'));
  });

/** A replica by Patroni's own reinitialization, which a standby leader refuses: there the data directory goes, and Patroni begins anew with another leader. */
const rebuild = async (lab: LabSettings, tls: PatroniClientTls, member: MemberSight): Promise<void> => {
  if (member.role !== 'standby_leader') {
    const { status, body } = await askPatroni(tls, member.address, '/reinitialize', { method: 'POST', body: { force: true }, timeoutSeconds: 10 });
    if (status !== 200) throw new Error(`${member.name} can't be built anew: ${status} ${body}`);
    return;
  }
  const { binaries } = await readState(lab);
  const kubectl = [join(binaries, 'kubectl'), '--kubeconfig', adminKubeconfig(lab), '-n', NAMESPACE];
  await run([...kubectl, 'exec', member.name, '-c', 'postgres', '--', 'sh', '-c', `rm -rf ${PGDATA}/*`], { timeoutSeconds: 60 });
  await run([...kubectl, 'delete', 'pod', member.name, '--wait=false', '--grace-period=1'], { timeoutSeconds: 30 });
};
