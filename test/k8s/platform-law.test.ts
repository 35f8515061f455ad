/** What is drilled is what is deployed: where lab and production differ, and that they differ nowhere else. */
import type { Manifest } from '../../k8s';
import type { Environment } from '../../lib/topology/types';
import { differences, type Difference } from './differences';
import { AWS, environmentNamed, homeManifests, LAB } from './fixtures';

const production = environmentNamed('production');
/**
 * The lab of two regions has no cache: eighteen nodes are too many for one machine. It is compared as the lab of one region has it. How often
 * backups are taken, and into how many repositories, is not a matter of the platform.
 */
const lab: Environment = { ...environmentNamed('lab-failover'), cache: environmentNamed('lab').cache, backups: production.backups };

/** The differences that no pattern allows, and the patterns that allow none. */
const judge = (
  found: readonly Difference[],
  allowed: readonly RegExp[],
): { readonly forbidden: readonly Difference[]; readonly unused: readonly RegExp[] } => ({
  forbidden: found.filter(({ path }) => !allowed.some((pattern) => pattern.test(path))),
  unused: allowed.filter((pattern) => !found.some(({ path }) => pattern.test(path))),
});

describe('the same environment on the lab and on AWS', () => {
  const found = differences(homeManifests(production, LAB), homeManifests(production, AWS));
  const issuedObjects = /^(Certificate|Issuer|ExternalSecret|PushSecret|SecretStore)\/[a-z0-9-]+:/;
  const allowed = [
    /^(StatefulSet|Deployment|DaemonSet)\/[a-z0-9-]+:spec\.template\.spec\.(initContainers|containers)\.[a-z-]+\.(image|imagePullPolicy)$/,
    /^CronJob\/[a-z-]+:spec\.jobTemplate\.spec\.template\.spec\.containers\.[a-z-]+\.(image|imagePullPolicy)$/,
    // Where the object store is and how it is reached: which the hash of the members' configuration shows.
    /^ConfigMap\/(backup-job|backup-clone|pg-euc1-backup|pg-euc1-delayed):data\.pgbackrest\.conf\.repo\d-(s3-endpoint|s3-key-type|s3-uri-style|storage-ca-file)$/,
    /^StatefulSet\/pg-euc1(-delayed)?:spec\.template\.metadata\.annotations\.holdfast\.dev\/configuration-hash$/,
    /^ServiceAccount\/backup-repository:metadata\.annotations\.eks\.amazonaws\.com\/(role-arn|sts-regional-endpoints)$/,
    // The disk of an isolated copy.
    /^CronJob\/(backup-verify|restore-clone):spec\.jobTemplate\.spec\.template\.spec\.volumes\.scratch\.(emptyDir|ephemeral\..*)$/,
    /^StorageClass\/holdfast-data:(provisioner|parameters\.(type|encrypted)|allowVolumeExpansion)$/,
    issuedObjects,
    // What stands at the addresses that other regions know.
    /^Service\/(region-gateway|region-status|cache-gateway):metadata\.annotations\.service\.beta\.kubernetes\.io\/aws-load-balancer-/,
    /^Service\/(region-gateway|region-status|cache-gateway):spec\.(externalIPs|loadBalancerSourceRanges)\./,
    /^Service\/(region-gateway|region-status|cache-gateway):spec\.(type|loadBalancerClass|allocateLoadBalancerNodePorts)$/,
    // Where the lease is kept.
    /^ConfigMap\/pg-euc1:data\.lease-keeper\.json\.store\.(kind|endpoint|ca)$/,
  ];

  test('differs in images, the storage class, the region’s entrance, and who makes certificates and passwords, and in nothing else', () => {
    expect(judge(found, allowed)).toEqual({ forbidden: [], unused: [] });
  });

  test('has objects that make certificates and passwords on AWS only, and of those two operators only', () => {
    const issued = found.filter(({ path }) => issuedObjects.test(path));
    expect(issued.filter(({ left }) => left !== undefined)).toEqual([]);
    const apiVersions = issued.filter(({ path }) => path.endsWith(':apiVersion')).map(({ right }) => right);
    expect(new Set(apiVersions)).toEqual(new Set(['cert-manager.io/v1', 'external-secrets.io/v1', 'external-secrets.io/v1alpha1']));
  });
});

describe('an environment with workloads on the lab and on AWS', () => {
  const workloads = environmentNamed('lab-workloads');
  const found = differences(homeManifests(workloads, LAB), homeManifests(workloads, AWS)).filter(({ path }) =>
    /holdfast-system|argo-rollouts|metrics-|memory-keeper|AnalysisTemplate|CustomResourceDefinition|APIService/.test(path),
  );
  const allowed = [
    /^Deployment\/[a-z-]+:spec\.template\.spec\.containers\.[a-z-]+\.(image|imagePullPolicy)$/,
    /^AnalysisTemplate\/[a-z-]+:spec\.metrics\.requests\.provider\.job\.spec\.template\.spec\.containers\.release-check\.(image|imagePullPolicy)$/,
    /^Deployment\/metrics-server:spec\.template\.spec\.containers\.metrics-server\.args\./,
    /^(Certificate|Issuer)\/metrics-adapter-tls(-own)?:/,
  ];

  test('its controllers differ in images, who makes the certificate, and whether kubelets are verified, and in nothing else', () =>
    expect(judge(found, allowed)).toEqual({ forbidden: [], unused: [] }));

  test('names each image of the platform', () => {
    const all = [production, workloads].flatMap((environment) => differences(homeManifests(environment, LAB), homeManifests(environment, AWS)));
    const images = all.filter(({ path }) => path.endsWith('.image')).map(({ left }) => left);
    expect(new Set(images)).toEqual(new Set(Object.values(LAB.images)));
  });
});

describe('the lab and production on the same platform', () => {
  /** The environment's own name and its networks' addresses, by which two environments must differ. */
  const anonymous = (environment: Environment): readonly Manifest[] =>
    homeManifests(environment, AWS).map((manifest) => ({
      ...manifest,
      objects: JSON.parse(
        JSON.stringify(manifest.objects)
          .replaceAll(new RegExp(`\\b${environment.name}\\b`, 'g'), 'ENVIRONMENT')
          .replaceAll(new RegExp(environment.regions.map((region) => region.network.vpcCidr.split('.').slice(0, 2).join('\\.')).join('|'), 'g'), 'VPC'),
      ) as object[],
    }));
  const found = differences(anonymous(lab), anonymous(production));
  const postgres = /^ConfigMap\/pg-euc1:data\.10-patroni\.yml\./.source;
  const sizes = [
    /^(StatefulSet|Deployment)\/[a-z0-9-]+:spec\.template\.spec\.(initContainers|containers)\.[a-z-]+\.resources\.(limits|requests)\.(cpu|memory)$/,
    /^StatefulSet\/[a-z0-9-]+:spec\.volumeClaimTemplates\.0\.spec\.resources\.requests\.storage$/,
    /^StatefulSet\/pg-euc1(-delayed)?:spec\.template\.spec\.volumes\.shm\.emptyDir\.sizeLimit$/,
    /^StatefulSet\/etcd:spec\.template\.spec\.containers\.etcd\.args\.--quota-backend-bytes$/,
    new RegExp(`${postgres}bootstrap\\.dcs\\.postgresql\\.parameters\\.max_connections$`),
    /^ConfigMap\/pg-euc1:data\.dynamic-configuration\.json\.postgresql\.parameters\.max_connections$/,
    new RegExp(`${postgres}postgresql\\.parameters\\.(shared_buffers|max_wal_size|min_wal_size|max_slot_wal_keep_size)$`),
    /^ConfigMap\/pg-euc1-delayed:data\.postgresql\.conf\.(max_connections|shared_buffers)$/,
    /^ConfigMap\/backup-clone:data\.postgresql\.conf\.max_connections$/,
    /^ConfigMap\/[a-z0-9-]+:data\.pgbackrest\.conf\.(archive-(push|get)-queue-max)$/,
    /^CronJob\/(backup-verify|restore-clone):.*\.scratch\.ephemeral\..*\.requests\.storage$/,
    /^ConfigMap\/(pgbouncer:data\.follower|pg-euc1:data\.region-guard)\.json\.regions\.localPoolSize$/,
    // How soon the lease of a region that went silent ends: the lab's is shorter, so that its drills are.
    /^ConfigMap\/pg-euc1:data\.lease-keeper\.json\.lease\.(duration|renewEvery|requestTimeout)$/,
    /^ConfigMap\/cache:data\.cache\.conf\.(maxmemory|repl-backlog-size)$/,
    /^ConfigMap\/pgbouncer:data\.pgbouncer\.ini\.(max_client_conn|default_pool_size|max_db_connections)$/,
  ];
  const consequences = [
    // The hash of a configuration with other sizes in it.
    /^(StatefulSet\/pg-euc1(-delayed)?|StatefulSet\/cache-[abc]|Deployment\/(pgbouncer|cache-sync)):spec\.template\.metadata\.annotations\.holdfast\.dev\/configuration-hash$/,
    // The lab's data need not outlive it (`retainData`).
    /^StorageClass\/holdfast-data:reclaimPolicy$/,
    /^StatefulSet\/[a-z0-9-]+:spec\.persistentVolumeClaimRetentionPolicy\.whenDeleted$/,
  ];

  test('differ in sizes, and in nothing else', () => {
    expect(judge(found, [...sizes, ...consequences])).toEqual({ forbidden: [], unused: [] });
  });

  test('have the same objects', () => {
    expect(found.filter(({ path, left, right }) => path.endsWith(':kind') && (left === undefined || right === undefined))).toEqual([]);
  });
});

test('a difference that nobody allowed is found', () => {
  const changed = {
    ...production,
    regions: production.regions.map((r) => ({ ...r, etcd: { ...r.etcd, electionTimeout: 5 as typeof r.etcd.electionTimeout } })),
  };
  const found = differences(homeManifests(production, LAB), homeManifests(changed, LAB));
  expect(found.map(({ path }) => path)).toEqual(['StatefulSet/etcd:spec.template.spec.containers.etcd.args.--election-timeout']);
});
