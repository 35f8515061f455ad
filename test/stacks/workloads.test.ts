import { Template } from 'aws-cdk-lib/assertions';
import { namedEnvironment, resourcesOf, smallCharts, stacksOf, stageOf, templateOf, templatesOf } from './environments';

const production = templatesOf(namedEnvironment('production'));
const home = templateOf(production, 'eu-central-1-workloads');

interface Applied {
  readonly Properties: { readonly Manifest: unknown };
  readonly DependsOn?: readonly string[];
}
const applied = (): ReadonlyMap<string, Applied> => new Map(Object.entries(home.findResources('Custom::AWSCDK-EKS-KubernetesResource')) as [string, Applied][]);

test('applies etcd, then PostgreSQL, then the pooler, then the cache', () => {
  const ids = [...applied().keys()];
  expect(ids.map((id) => id.replace(/^Cluster(Chart\w+?)[0-9A-F]{8}$/, '$1'))).toEqual(['Chartetcd', 'Chartpostgres', 'Chartpooler', 'Chartcache']);
  expect(applied().get(ids[1] ?? '')?.DependsOn).toEqual([ids[0]]);
  expect(applied().get(ids[2] ?? '')?.DependsOn).toEqual([ids[1]]);
});

test('names the images by their content, in the registry of the account and region', () => {
  for (const { Properties } of applied().values()) {
    expect(JSON.stringify(Properties.Manifest)).toMatch(
      /\.dkr\.ecr\.eu-central-1\.\$\{AWS::URLSuffix\}\/cdk-hnb659fds-container-assets-\$\{AWS::AccountId\}-eu-central-1:[0-9a-f]{64}/,
    );
  }
});

test('a standby region runs the same charts', () => {
  const ids = [...resourcesOf(templateOf(production, 'us-east-1-workloads'), 'Custom::AWSCDK-EKS-KubernetesResource').keys()];
  expect(ids.map((id) => id.slice(0, -8))).toEqual(['ClusterChartetcd', 'ClusterChartpostgres', 'ClusterChartpooler', 'ClusterChartcache']);
});

test('the workloads can be deleted without touching the platform', () => {
  expect([...resourcesOf(home).values()].map((r) => r.Type)).toEqual(Array(4).fill('Custom::AWSCDK-EKS-KubernetesResource'));
});

describe('staging, which has a workload that users reach', () => {
  const templates = templatesOf(namedEnvironment('staging'));
  const [binding] = [...resourcesOf(templateOf(templates, 'eu-central-1-workloads'))].filter(([id]) => id.includes('GatewayTargets'));

  test('has its gateway in the public load balancer’s group, after the charts', () => {
    expect(JSON.stringify(binding?.[1].Properties.Manifest)).toContain('TargetGroupBinding');
    expect(JSON.stringify(binding?.[1].DependsOn)).toContain('Chartcache');
  });

  test('is built from this repository: backend, gateway and renewer by their content, no image by a tag that somebody may move', () => {
    const stage = stageOf(namedEnvironment('staging'), (environment, region, images) =>
      smallCharts(environment, region, { ...images, etcd: [images.backend, images.gateway, images.acme].join(' ') }),
    );
    const workloads = stacksOf(stage).find((stack) => stack.node.id === 'eu-central-1-workloads');
    if (workloads === undefined) throw new Error('no workloads');
    const [manifest] = Object.values(Template.fromStack(workloads).findResources('Custom::AWSCDK-EKS-KubernetesResource')) as [Applied];
    const byContent = /cdk-hnb659fds-container-assets-\$\{AWS::AccountId\}-eu-central-1:[0-9a-f]{64}/g;
    expect(new Set(JSON.stringify(manifest.Properties.Manifest).match(byContent)).size).toBe(3);
  });
});
