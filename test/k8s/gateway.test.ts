import { homeRegion } from '../../lib/topology/derive';
import { manifestsFor } from '../../k8s';
import { environmentNamed, LAB } from './fixtures';

interface Plain {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas?: number;
    readonly clusterIP?: string;
    readonly selector?: Readonly<Record<string, unknown>>;
    readonly ports?: readonly { readonly port: number }[];
    readonly publishNotReadyAddresses?: boolean;
    readonly strategy?: unknown;
    readonly maxUnavailable?: number;
    readonly ingress?: readonly unknown[];
    readonly egress?: readonly unknown[];
    readonly template?: {
      readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
      readonly spec: {
        readonly nodeSelector: Readonly<Record<string, string>>;
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly {
          readonly name: string;
          readonly image: string;
          readonly env?: readonly { readonly name: string; readonly value: string }[];
          readonly readinessProbe?: unknown;
          readonly lifecycle?: unknown;
        }[];
      };
    };
  };
}

const environment = environmentNamed('lab-workloads');
const objectsWith = (changes: Partial<typeof environment> = {}): readonly Plain[] =>
  (manifestsFor({ ...environment, ...changes }, homeRegion(environment), LAB).find(({ name }) => name === 'gateway')?.objects ?? []) as readonly Plain[];
const objects = objectsWith();
const named = (kind: string, name: string): Plain => {
  const found = objects.find((o) => o.kind === kind && o.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
};
const deployments = objects.filter(({ kind }) => kind === 'Deployment');

test('there is one gateway in each zone, and it stays there', () =>
  expect(deployments.map(({ metadata, spec }) => [metadata.name, spec.replicas, spec.template?.spec.nodeSelector['topology.kubernetes.io/zone']])).toEqual([
    ['gateway-a', 1, 'eu-central-1a'],
    ['gateway-b', 1, 'eu-central-1b'],
    ['gateway-c', 1, 'eu-central-1c'],
  ]));

test('a rollout never lowers their number, and a drain takes one at a time', () => {
  for (const { spec } of deployments) expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  expect(named('PodDisruptionBudget', 'gateway').spec.maxUnavailable).toBe(1);
});

test('each is found by the others under a name that lasts, also while it starts', () =>
  expect(named('Service', 'gateway-b').spec).toMatchObject({
    publishNotReadyAddresses: true,
    selector: { 'app.kubernetes.io/name': 'gateway', 'holdfast.dev/gateway': 'gateway-b' },
    ports: [{ port: 10443 }],
  }));

test('clients reach all of them by one Service', () =>
  expect(named('Service', 'gateway').spec).toMatchObject({ selector: { 'app.kubernetes.io/name': 'gateway' }, ports: [{ port: 8443 }] }));

test('a gateway has time to leave: what it serves on for, and what is under way', () => {
  const [first] = deployments;
  expect(first?.spec.template?.spec.terminationGracePeriodSeconds).toBe(5 + 10 + 5);
  for (const { lifecycle } of first?.spec.template?.spec.containers ?? []) expect(lifecycle).toEqual({ preStop: { exec: { command: ['sleep', '5'] } } });
});

test('the keeper is none of the gateway’s readiness', () => {
  const containers = deployments[0]?.spec.template?.spec.containers ?? [];
  expect(containers.map(({ name, readinessProbe }) => [name, readinessProbe !== undefined])).toEqual([
    ['haproxy', true],
    ['keeper', false],
  ]);
});

test('may be reached from the VPC and may reach pods of public workloads, and nothing else but each other and the DNS', () => {
  const { ingress, egress } = named('NetworkPolicy', 'gateway').spec;
  expect(JSON.stringify(ingress)).toContain('"cidr":"10.50.0.0/16"');
  expect(egress).toHaveLength(3);
  expect(JSON.stringify(egress)).toMatch(/"port":8080.*"app.kubernetes.io\/name":"backend"/);
});

test('a changed configuration rolls them', () => {
  const hash = (list: readonly Plain[]): string | undefined =>
    list.find(({ kind }) => kind === 'Deployment')?.spec.template?.metadata.annotations['holdfast.dev/configuration-hash'];
  const { gateway } = environment;
  expect(hash(objectsWith({ gateway: { ...gateway, connectionsPerPod: 7 } }))).not.toBe(hash(objects));
});

test('the list that commands change is not taken back by the chart', () => expect(named('ConfigMap', 'blocklist').data).toBeUndefined());

test('without anything public there is none', () => expect(objectsWith({ workloads: [] })).toEqual([]));
