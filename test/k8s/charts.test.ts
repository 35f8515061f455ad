import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'cdk8s';
import { parse } from 'yaml';
import { assertManifestFits, chartsFor, type Manifest, manifestsFor, type Platform } from '../../k8s';
import { authoritySecretName } from '../../lib/failover/names';
import { dynamicConfiguration } from '../../lib/services/patroni';
import { cacheSecretName, homeRegion, postgresName, postgresSecretName } from '../../lib/topology/derive';
import type { Environment } from '../../lib/topology/types';
import { at, AWS, containersOf, environmentNamed, everyRendering, find, homeManifests, LAB, listAt, nameOf, objectsOf } from './fixtures';

const NO_GATEWAY: Platform = { ...AWS, regionGateway: 'none' };

const production = environmentNamed('production');
const aws = homeManifests(production, AWS);
const renderings = everyRendering();
const POD = 'spec.template.spec';

const container = (kind: string, name: string, which: string): unknown => containersOf(find(aws, kind, name)).find((c) => nameOf(c) === which);
const withPostgres = (membersPerAz: number): Environment => ({
  ...production,
  regions: production.regions.map((r) => ({ ...r, postgres: { ...r.postgres, membersPerAz } })),
});

describe('etcd and PostgreSQL', () => {
  test.each([
    ['etcd', 'etcd'],
    ['pg-euc1', 'postgres'],
  ])('%s starts its members at once, one volume each, spread over the zones', (name, component) => {
    const set = find(aws, 'StatefulSet', name);
    expect(at(set, 'spec.podManagementPolicy')).toBe('Parallel');
    expect(at(set, 'spec.replicas')).toBe(3);
    expect(at(set, 'spec.volumeClaimTemplates.0.spec.storageClassName')).toBe('holdfast-data');
    expect(listAt(set, `${POD}.topologySpreadConstraints`)[0]).toMatchObject({
      topologyKey: 'topology.kubernetes.io/zone',
      maxSkew: 1,
      minDomains: 3,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { 'app.kubernetes.io/name': component } },
    });
  });

  test.each(['etcd', 'pg-euc1'])('%s stays on a dead node, its data is there', (name) => {
    for (const toleration of listAt(find(aws, 'StatefulSet', name), `${POD}.tolerations`)) expect(at(toleration, 'tolerationSeconds')).toBeUndefined();
    expect(listAt(find(aws, 'StatefulSet', name), `${POD}.tolerations`)).toHaveLength(2);
  });

  test.each(['etcd', 'pg-euc1'])('%s has its members’ names known before they are ready', (name) => {
    expect(at(find(aws, 'Service', name), 'spec')).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
  });

  test('PostgreSQL member i runs in the zone of etcd-i', () => {
    expect(at(find(aws, 'StatefulSet', 'pg-euc1'), `${POD}.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution`)).toEqual([
      {
        topologyKey: 'topology.kubernetes.io/zone',
        labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'etcd', 'app.kubernetes.io/part-of': 'holdfast' } },
        matchLabelKeys: ['apps.kubernetes.io/pod-index'],
      },
    ]);
  });

  test('more PostgreSQL members than etcd members are refused, with what to change', () => {
    expect(() => homeManifests(withPostgres(2), AWS)).toThrow(/6 PostgreSQL members .* there are 3; lower postgres\.membersPerAz or raise etcd\.members/);
  });

  test('PostgreSQL hands over before it stops, within its grace period', () => {
    const postgres = container('StatefulSet', 'pg-euc1', 'postgres');
    expect(at(postgres, 'lifecycle.preStop.exec.command')).toEqual(['holdfast-handover']);
    const timeout = listAt(postgres, 'env').find((e) => nameOf(e) === 'HOLDFAST_HANDOVER_TIMEOUT');
    expect(Number(at(timeout, 'value'))).toBeLessThan(Number(at(find(aws, 'StatefulSet', 'pg-euc1'), `${POD}.terminationGracePeriodSeconds`)));
  });

  test('no liveness probe restarts PostgreSQL while etcd or DNS is away', () => {
    expect(at(container('StatefulSet', 'pg-euc1', 'postgres'), 'livenessProbe')).toBeUndefined();
    expect(at(container('StatefulSet', 'pg-euc1', 'postgres'), 'readinessProbe.httpGet')).toEqual({ path: '/readiness', port: 8008, scheme: 'HTTPS' });
  });

  test('an etcd member without a majority is alive and not ready', () => {
    expect(at(container('StatefulSet', 'etcd', 'etcd'), 'livenessProbe.httpGet.path')).toBe('/livez');
    expect(at(container('StatefulSet', 'etcd', 'etcd'), 'readinessProbe.httpGet.path')).toBe('/readyz');
  });

  test('a changed model reaches a running cluster: each pod merges it into etcd before it starts', () => {
    const init = container('StatefulSet', 'pg-euc1', 'cluster-configuration');
    const told = (configuration: string): string => {
      const bin = mkdtempSync(join(tmpdir(), 'patronictl-'));
      const program = `#!/bin/sh\ncase "$*" in *show-config) printf '${configuration}' ;; *) echo "$*" ;; esac\n`;
      writeFileSync(join(bin, 'patronictl'), program, { mode: 0o755 });
      const { stdout, status } = spawnSync('sh', ['-c', String(at(init, 'command.2'))], { env: { PATH: `${bin}:/usr/bin:/bin` }, encoding: 'utf8' });
      rmSync(bin, { recursive: true });
      expect(status).toBe(0);
      return stdout.trim();
    };
    const merge = '-c /etc/patroni/10-patroni.yml edit-config --force --quiet --apply /etc/patroni/dynamic-configuration.json';
    expect(told('ttl: 20\\n')).toBe(merge);
    expect(told('ttl: 20\\nstandby_cluster:\\n  host: x\\n')).toBe(`${merge} --set primary_start_timeout=300`);
    const data = at(find(aws, 'ConfigMap', 'pg-euc1'), 'data') as Record<string, string>;
    expect(JSON.parse(data['dynamic-configuration.json'] ?? '')).toEqual(dynamicConfiguration(production, homeRegion(production)));
    expect(JSON.parse(data['dynamic-configuration.json'] ?? '')).not.toHaveProperty('standby_cluster');
  });

  test('passwords come from a Secret, never from the template', () => {
    const env = listAt(container('StatefulSet', 'pg-euc1', 'postgres'), 'env').filter((e) => nameOf(e).includes('PASSWORD'));
    expect(env.map(nameOf)).toEqual(['PATRONI_SUPERUSER_PASSWORD', 'HOLDFAST_APPLICATION_PASSWORD']);
    for (const e of env) expect(e).toMatchObject({ valueFrom: { secretKeyRef: { name: 'postgres-credentials' } } });
  });

  test('data outlives its StatefulSet where the environment says so', () => {
    const retention = (manifests: readonly Manifest[]): unknown => at(find(manifests, 'StatefulSet', 'pg-euc1'), 'spec.persistentVolumeClaimRetentionPolicy');
    expect(retention(aws)).toEqual({ whenDeleted: 'Retain', whenScaled: 'Retain' });
    expect(retention(homeManifests(environmentNamed('lab'), LAB))).toEqual({ whenDeleted: 'Delete', whenScaled: 'Retain' });
  });
});

describe('the pooler', () => {
  const deployment = find(aws, 'Deployment', 'pgbouncer');

  test('is in every zone, and clients use their own zone’s', () => {
    expect(at(deployment, 'spec.replicas')).toBe(3);
    expect(listAt(deployment, `${POD}.topologySpreadConstraints`)[0]).toMatchObject({
      whenUnsatisfiable: 'DoNotSchedule',
      matchLabelKeys: ['pod-template-hash'],
    });
    expect(at(find(aws, 'Service', 'pgbouncer'), 'spec')).toMatchObject({ trafficDistribution: 'PreferSameZone', ports: [{ port: 6432 }] });
  });

  test('leaves a dead node within half a minute', () => {
    for (const toleration of listAt(deployment, `${POD}.tolerations`)) expect(Number(at(toleration, 'tolerationSeconds'))).toBeLessThanOrEqual(30);
    expect(listAt(deployment, `${POD}.tolerations`)).toHaveLength(2);
  });

  test('follower and PgBouncer are containers of their own: one can die without the other', () => {
    expect(listAt(deployment, `${POD}.containers`).map(nameOf)).toEqual(['pgbouncer', 'follower']);
  });

  test('gets the certificate authority of PostgreSQL, not its key', () => {
    const ca = listAt(deployment, `${POD}.volumes`).find((v) => nameOf(v) === 'postgres-ca');
    expect(at(ca, 'secret.items')).toEqual([{ key: 'ca.crt', path: 'ca.crt' }]);
  });
});

describe('disruption and traffic', () => {
  test.each(['etcd', 'postgres', 'pgbouncer'])('one %s at a time may be taken away; a broken one always', (name) => {
    expect(at(find(aws, 'PodDisruptionBudget', name), 'spec')).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: 'AlwaysAllow' });
  });

  test('nothing in the namespace may talk unless a policy allows it', () => {
    expect(at(find(aws, 'NetworkPolicy', 'deny-by-default'), 'spec')).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  const ingressOf = (name: string): readonly (readonly [string, readonly unknown[]])[] =>
    listAt(find(aws, 'NetworkPolicy', name), 'spec.ingress').map(
      (rule) => [JSON.stringify(at(rule, 'from.0')), listAt(rule, 'ports').map((p) => at(p, 'port'))] as const,
    );

  test('etcd is reached by its peers, by PostgreSQL and the pooler, and scraped', () => {
    expect(ingressOf('etcd').map(([from, ports]) => `${/"app.kubernetes.io\/name":"(\w+)"/.exec(from)?.[1] ?? from}: ${ports.join()}`)).toEqual([
      'etcd: 2380',
      'postgres: 2379',
      'pgbouncer: 2379',
      'backup: 2379',
      '{"namespaceSelector":{"matchLabels":{"holdfast.dev/monitoring":"true"}}}: 2381',
    ]);
  });

  test('only namespaces with the label reach the pooler, and nobody but pooler, members, maintenance and rotation reaches PostgreSQL', () => {
    expect(ingressOf('pgbouncer')[0]).toEqual(['{"namespaceSelector":{"matchLabels":{"holdfast.dev/database-client":"true"}}}', [6432]]);
    const toDatabase = ingressOf('postgres').filter(([, ports]) => ports.includes(5432));
    expect(toDatabase.map(([from]) => /"app.kubernetes.io\/name":"(\w+)"/.exec(from)?.[1])).toEqual(['postgres', 'pgbouncer', 'maintenance', 'rotation']);
  });
});

describe('the cluster', () => {
  test('enforces the restricted profile in the namespace', () => {
    expect(at(find(aws, 'Namespace', 'data'), 'metadata.labels')).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  test('DNS answers on every node itself, at the tenth address of the service range', () => {
    expect(at(find(aws, 'Service', 'kube-dns'), 'spec')).toMatchObject({ clusterIP: '172.20.0.10', internalTrafficPolicy: 'Local' });
    expect(find(aws, 'DaemonSet', 'coredns').metadata.namespace).toBe('kube-system');
  });

  test('makes volumes where their pods are, encrypted on AWS', () => {
    expect(find(aws, 'StorageClass', 'holdfast-data')).toMatchObject({
      provisioner: 'ebs.csi.aws.com',
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Retain',
      parameters: { type: 'gp3', encrypted: 'true' },
    });
  });
});

describe('a changed configuration', () => {
  test.each([
    ['StatefulSet', 'pg-euc1'],
    ['Deployment', 'pgbouncer'],
  ])('rolls the pods of %s/%s', (kind, name) => {
    const changed: Environment = {
      ...production,
      regions: production.regions.map((r) => ({
        ...r,
        postgres: { ...r.postgres, parameters: { work_mem: '8MB' } },
        pooler: { ...r.pooler, maxClientConnections: r.pooler.maxClientConnections + 1 },
      })),
    };
    const hashes = [production, changed].map((environment) => {
      const annotations = at(find(homeManifests(environment, AWS), kind, name), 'spec.template.metadata.annotations') as Record<string, string>;
      return annotations['holdfast.dev/configuration-hash'];
    });
    expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(hashes[1]).not.toBe(hashes[0]);
  });
});

test.each(production.regions.map((region) => [region.role, region] as const))(
  'passwords of the %s region come from secrets that exist there: the home’s, whose copies bear its name',
  (_, region) => {
    const home = homeRegion(production);
    const asked = objectsOf(manifestsFor(production, region, AWS))
      .filter(({ kind }) => kind === 'ExternalSecret')
      .map((object) => at(object, 'spec.dataFrom.0.extract.key'));
    expect(new Set(asked)).toEqual(new Set([postgresSecretName(production, home), cacheSecretName(production, home), authoritySecretName(production)]));
  },
);

describe('charts', () => {
  test('a home region has eight, in the order in which they are applied', () => {
    expect(aws.map(({ name }) => name)).toEqual(['cluster', 'etcd', 'postgres', 'pooler', 'maintenance', 'backup', 'delayed-replica', 'cache']);
    const charts = chartsFor(new App(), production, homeRegion(production), AWS);
    expect(charts.map((chart) => chart.node.dependencies.map((d) => d.node.id))).toEqual([
      [],
      ['cluster'],
      ['etcd'],
      ['postgres'],
      ['pooler'],
      ['maintenance'],
      ['backup'],
      ['delayed-replica'],
    ]);
  });

  test('a standby region’s PostgreSQL begins as a standby of the home region’s, and nothing that is merged later changes that', () => {
    const standby = renderings.filter(({ region }) => region.role === 'standby');
    expect(standby.length).toBeGreaterThan(0);
    for (const { manifests } of standby) {
      const data = at(find(manifests, 'ConfigMap', 'pg-use1'), 'data') as Record<string, string>;
      expect(at(parse(data['10-patroni.yml'] ?? ''), 'bootstrap.dcs.standby_cluster')).toMatchObject({ port: 5433, primary_slot_name: 'standby_use1' });
      expect(JSON.parse(data['dynamic-configuration.json'] ?? '')).not.toHaveProperty('standby_cluster');
      expect(JSON.parse(data['dynamic-configuration.json'] ?? '')).not.toHaveProperty('holdfast');
    }
  });

  test.each([
    ['where regions reach each other, no member starts before the guard has let it', LAB, ['region-guard', 'lost-rows', 'set-aside', 'cluster-configuration']],
    ['where they have no gateways, there is nobody for the guard to ask', NO_GATEWAY, ['set-aside', 'cluster-configuration']],
  ])('%s', (_, platform, expected) => {
    for (const region of production.regions) {
      const manifests = manifestsFor(production, region, platform);
      const names = listAt(find(manifests, 'StatefulSet', postgresName(region)), 'spec.template.spec.initContainers').map(nameOf);
      expect(names).toEqual(expected);
    }
  });

  test('a manifest too large for its custom resource is refused, with name and size', () => {
    expect(() => assertManifestFits('postgres', [{ data: 'x'.repeat(200_000) }])).toThrow(/chart "postgres" is 2000\d\d bytes and may have 200000/);
    expect(() => assertManifestFits('postgres', [{ data: 'x'.repeat(100_000) }])).not.toThrow();
  });

  test('rendering twice gives the same bytes', () => {
    expect(homeManifests(production, AWS).map(({ yaml }) => yaml)).toEqual(aws.map(({ yaml }) => yaml));
  });
});

describe('maintenance', () => {
  const lab = environmentNamed('lab');
  const jobs = homeManifests(lab, LAB)
    .flatMap(({ objects }) => objects as readonly { kind: string; metadata: { name: string }; spec: Record<string, unknown> }[])
    .filter(({ kind, metadata }) => kind === 'CronJob' && metadata.name.startsWith('maintenance-'));

  test('each task is a CronJob whose runs never overlap, and end', () => {
    expect(jobs.map(({ metadata }) => metadata.name)).toEqual([
      'maintenance-vacuum',
      'maintenance-purge-challenges',
      'maintenance-purge-used-nonces',
      'maintenance-archive-receipts',
    ]);
    for (const { spec } of jobs) {
      expect(spec).toMatchObject({ concurrencyPolicy: 'Forbid', timeZone: 'Etc/UTC', startingDeadlineSeconds: 3600 });
      expect(spec).toMatchObject({ jobTemplate: { spec: { backoffLimit: 2, activeDeadlineSeconds: lab.maintenance.timeLimit + 300 } } });
    }
  });
});

describe('the cache between regions', () => {
  const environment = environmentNamed('lab-regions-cache');
  const manifests = environment.regions.map((region) => manifestsFor(environment, region, LAB));

  test('each region has a pair that copies, and lets the others’ pairs in at addresses that they know', () => {
    for (const of of manifests) {
      expect(at(find(of, 'Deployment', 'cache-sync'), 'spec.replicas')).toBe(2);
      expect(listAt(find(of, 'Service', 'cache-gateway'), 'spec.externalIPs')).toHaveLength(3);
      expect(at(find(of, 'Service', 'cache-gateway'), 'spec.selector')).toMatchObject({ 'app.kubernetes.io/name': 'cache' });
      expect(JSON.stringify(at(find(of, 'NetworkPolicy', 'cache'), 'spec.ingress'))).toMatch(/cache-sync.*"cidr":"10\.\d0\.0\.0\/16"/);
    }
    const [home, standby] = environment.regions.map((_, i) => JSON.stringify(listAt(find(manifests[i] ?? [], 'Service', 'cache-gateway'), 'spec.externalIPs')));
    expect(home).not.toBe(standby);
  });

  test('where nothing stands at those addresses, nothing is deployed that would ask there', () => {
    const names = manifestsFor(production, homeRegion(production), NO_GATEWAY).flatMap(({ objects }) => objects.map((object) => at(object, 'metadata.name')));
    expect(names).not.toContain('cache-sync');
    expect(names).not.toContain('cache-gateway');
  });
});
