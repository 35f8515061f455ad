import type { StackTemplate } from '../../lib/failover/routing';
import type { Environment } from '../../lib/topology/types';
import { stackTemplatesOf, textsOf, verified, withRegions } from './dns';
import { deploymentOrderOf, namedEnvironment } from './environments';

interface Resource {
  readonly Type: string;
  Properties: Record<string, unknown>;
}
type Resources = Record<string, Resource>;

const resourcesIn = (stacks: readonly StackTemplate[], stack: string): Resources => {
  const found = stacks.find((candidate) => candidate.stack === stack);
  if (found === undefined) throw new Error(`no stack ${stack}; there are ${stacks.map((s) => s.stack).join(', ')}`);
  return (found.template as { Resources: Resources }).Resources;
};

/** The one resource whose logical id begins like this. */
const the = (resources: Resources, prefix: string): Resource => {
  const found = Object.entries(resources).filter(([id]) => id.startsWith(prefix));
  expect(found.map(([id]) => id)).toHaveLength(1);
  return found[0]![1];
};
const idOf = (resources: Resources, prefix: string): string => Object.keys(resources).find((id) => id.startsWith(prefix))!;

const without = (resources: Resources, prefix: string): boolean => Reflect.deleteProperty(resources, idOf(resources, prefix));

const alias = (resource: Resource): Record<string, unknown> => resource.Properties['AliasTarget'] as Record<string, unknown>;
const config = (resource: Resource): Record<string, unknown> => resource.Properties['HealthCheckConfig'] as Record<string, unknown>;

describe.each([
  [1, null],
  [2, 'stopQuorum'],
  [3, 'stopQuorum'],
  [4, 'stopQuorum'],
  [2, 'routingControl'],
  [3, 'routingControl'],
  [4, 'routingControl'],
] as const)('%i regions, switched by %s', (count, trafficSwitch) => {
  const failover = { witness: 'eu-west-1', leaseRegions: ['eu-west-1', 'eu-west-2', 'eu-west-3'], switchRegions: ['eu-west-1', 'eu-west-3', 'us-west-2'] };
  const environment = withRegions(count, trafficSwitch === null ? {} : { failover: { ...failover, trafficSwitch } });
  const result = verified(environment, stackTemplatesOf(environment));

  test('what was synthesized answers as it must, in every situation', () => {
    expect(textsOf(result)).toEqual([]);
  });

  test('every combination of health checks is looked at', () => {
    const standbys = count - 1;
    const perStandby = trafficSwitch === 'routingControl' ? 2 : 2 ** 3;
    expect(result.combinations).toBe(2 ** standbys * perStandby ** standbys);
    expect(result.cases).toBeGreaterThanOrEqual(result.situations * 2);
  });
});

test('without a failover the preferred region is answered while it is ready, and the home region otherwise', () => {
  const environment = withRegions(3, { failover: null });
  const result = verified(environment, stackTemplatesOf(environment));
  expect(textsOf(result)).toEqual([]);
  expect(result.combinations).toBe(4);
});

describe('a planted mistake is found, with its case', () => {
  const production = namedEnvironment('production');
  const pristine = JSON.stringify(stackTemplatesOf(production));
  const three = withRegions(3);
  const pristineThree = JSON.stringify(stackTemplatesOf(three));

  const planted = (environment: Environment, from: string, plant: (traffic: Resources, stacks: readonly StackTemplate[]) => void): readonly string[] => {
    const stacks = JSON.parse(from) as readonly StackTemplate[];
    plant(resourcesIn(stacks, 'eu-west-1-traffic'), stacks);
    return textsOf(verified(environment, stacks));
  };

  test.each<[string, (traffic: Resources, stacks: readonly StackTemplate[]) => void, RegExp]>([
    [
      'no default place',
      (traffic) => without(traffic, 'DnsFromAnywhere'),
      /always-an-answer: app\.example\.com: app\.example\.com, asked from a place that is not known, AF, AN, AS, EU, OC, when everything is healthy: nothing is answered \(no-data\)/,
    ],
    [
      'a continent without its record',
      (traffic) => without(traffic, 'DnsFromSA'),
      /the-preferred-region-while-usable: .*app\.example\.com, asked from SA, when everything is healthy: eu-central-1 is answered, although us-east-1 is preferred/,
    ],
    [
      'EvaluateTargetHealth off on a failover record',
      (traffic) => (alias(the(traffic, 'DnsPreferUse1Primary'))['EvaluateTargetHealth'] = false),
      /aliases-evaluate-their-target: eu-west-1-traffic\/DnsPreferUse1Primary\w+: EvaluateTargetHealth is off in pref-use1\.app\.example\.com \(PRIMARY\)/,
    ],
    [
      'EvaluateTargetHealth off on a place',
      (traffic) => (alias(the(traffic, 'DnsFromNA'))['EvaluateTargetHealth'] = false),
      /aliases-evaluate-their-target: .*clients in NA would be sent to pref-use1\.app\.example\.com even when every record there is unhealthy/,
    ],
    [
      "a load balancer's health that decides about writers",
      (_, stacks) => (alias(the(resourcesIn(stacks, 'eu-central-1-entrance'), 'PublicName'))['EvaluateTargetHealth'] = true),
      /one-region-for-writers: .*writer\.example\.com, asked from NA, when the load balancer eu-central-1-entrance\/\w+ has no healthy target: us-east-1 is answered, but eu-central-1 takes writes/,
    ],
    [
      'the check of the wrong region',
      (traffic) => (the(traffic, 'DnsPreferUse1Primary').Properties['HealthCheckId'] = { 'Fn::GetAtt': [idOf(traffic, 'DnsReadyEuc1'), 'HealthCheckId'] }),
      /app\.example\.com, asked from NA, when us-east-1 is not ready: us-east-1 is answered, but with no other region ready it has to be eu-central-1/,
    ],
    [
      'a check that probes the wrong region',
      (traffic) => (config(the(traffic, 'DnsReadyUse1'))['FullyQualifiedDomainName'] = 'euc1.app.example.com'),
      /asked from NA, when us-east-1 is not ready: us-east-1 is answered/,
    ],
    [
      'a check of another path',
      (traffic) => (config(the(traffic, 'DnsReadyUse1'))['ResourcePath'] = '/health/live'),
      /asked from NA, when us-east-1 is not ready: us-east-1 is answered/,
    ],
    [
      'a record without its check',
      (traffic) => delete the(traffic, 'DnsUnlessUse1Primary').Properties['HealthCheckId'],
      /never-a-fenced-region: .*when 2 of 3 switch objects say active=us-east-1: eu-central-1 is answered, from which writes were switched away to us-east-1/,
    ],
    [
      'a check that does not exist',
      (traffic) => (the(traffic, 'DnsUnlessUse1Primary').Properties['HealthCheckId'] = { Ref: 'Gone' }),
      /checks-exist: eu-west-1-traffic\/DnsUnlessUse1Primary\w+: asks for the health check eu-west-1-traffic\/Gone, which is in none of the templates/,
    ],
    [
      'one of three objects is enough',
      (traffic) => (config(the(traffic, 'DnsNotTakenByUse1'))['HealthThreshold'] = 1),
      /one-region-for-writers: .*writer\.example\.com, .*when 1 of 3 switch objects say active=us-east-1: us-east-1 is answered, but eu-central-1 takes writes/,
    ],
    [
      'three of three objects are needed',
      (traffic) => (config(the(traffic, 'DnsNotTakenByUse1'))['HealthThreshold'] = 3),
      /never-a-fenced-region: .*when 2 of 3 switch objects say active=us-east-1: eu-central-1 is answered/,
    ],
    [
      'a check that is not inverted',
      (traffic) => (config(the(traffic, 'DnsNotTakenByUse1'))['Inverted'] = false),
      /the-preferred-region-while-usable: .*when everything is healthy: us-east-1 is answered, although eu-central-1 is preferred/,
    ],
    [
      'two checks of the same object',
      (traffic) => {
        const same = config(the(traffic, 'SwitchUse1ByEuw1'))['FullyQualifiedDomainName'];
        config(the(traffic, 'SwitchUse1ByEuw3'))['FullyQualifiedDomainName'] = same;
      },
      /when switch object 1 says active=us-east-1: us-east-1 is answered/,
    ],
    [
      "a check that looks for the wrong region's name",
      (traffic) => (config(the(traffic, 'SwitchUse1ByEuw1'))['SearchString'] = 'active=us-west-1'),
      /never-a-fenced-region: .*eu-central-1 is answered, from which writes were switched away to us-east-1/,
    ],
    [
      'an object with another key',
      (traffic) => (config(the(traffic, 'SwitchUse1ByUsw2'))['ResourcePath'] = '/switch/staging'),
      /never-a-fenced-region: .*eu-central-1 is answered, from which writes were switched away to us-east-1/,
    ],
    [
      'regions swapped in the chain of takeovers',
      (traffic) => {
        const [first, second] = [alias(the(traffic, 'DnsUnlessUse1Primary')), alias(the(traffic, 'DnsUnlessUse1Secondary'))];
        [first['DNSName'], second['DNSName']] = [second['DNSName'], first['DNSName']];
      },
      /one-region-for-writers: .*when everything is healthy: us-east-1 is answered, but eu-central-1 takes writes/,
    ],
    [
      "a region's name that leads to the other region",
      (_, stacks) => (the(resourcesIn(stacks, 'us-east-1-entrance'), 'PublicName').Properties['Name'] = 'euc1.app.example.com'),
      /records-differ: us-east-1-entrance\/PublicName\w+: cannot exist beside eu-central-1-entrance\/PublicName/,
    ],
    [
      'names of the regions exchanged',
      (_, stacks) => {
        the(resourcesIn(stacks, 'us-east-1-entrance'), 'PublicName').Properties['Name'] = 'euc1.app.example.com';
        the(resourcesIn(stacks, 'eu-central-1-entrance'), 'PublicName').Properties['Name'] = 'use1.app.example.com';
      },
      /a-region-answers-for-itself: .*the name of eu-central-1 leads to us-east-1/,
    ],
    [
      'writers by place',
      (traffic) => (alias(the(traffic, 'DnsWriter'))['DNSName'] = 'app.example.com'),
      /one-region-for-writers: .*writer\.example\.com, asked from NA, when everything is healthy: us-east-1 is answered, but eu-central-1 takes writes/,
    ],
    [
      'readers who stay with a region that is not ready',
      (traffic) => (alias(the(traffic, 'DnsPreferUse1Secondary'))['DNSName'] = 'use1.app.example.com'),
      /app\.example\.com, asked from NA, when us-east-1 is not ready: us-east-1 is answered/,
    ],
    [
      'readers who are sent back to a fenced region',
      (traffic) => (alias(the(traffic, 'DnsPreferUse1Secondary'))['DNSName'] = 'euc1.app.example.com'),
      /never-a-fenced-region: .*asked from NA, when us-east-1 is not ready; 2 of 3 switch objects say active=us-east-1: eu-central-1 is answered/,
    ],
    [
      'a circle',
      (traffic) => (alias(the(traffic, 'DnsUnlessUse1Primary'))['DNSName'] = 'writer.example.com'),
      /always-an-answer: .*nothing is answered \(no-data\)/,
    ],
    [
      'a name that leads nowhere',
      (traffic) => (alias(the(traffic, 'DnsUnlessUse1Secondary'))['DNSName'] = 'gone.example.com'),
      /aliases-lead-somewhere: .*DnsUnlessUse1Secondary\w+: is an alias of gone\.example\.com, which has no A record/,
    ],
    [
      'another zone',
      (traffic) => {
        const writer = the(traffic, 'DnsWriter');
        writer.Properties['HostedZoneId'] = 'ZOTHER';
        alias(writer)['HostedZoneId'] = 'ZOTHER';
      },
      /one-zone: eu-west-1-traffic\/DnsWriter\w+: lies in the zone ZOTHER/,
    ],
    [
      'a slower check than the budgets count on',
      (traffic) => (config(the(traffic, 'SwitchUse1ByEuw1'))['RequestInterval'] = 30),
      /checks-are-timed-as-modelled: .*probes every 30 s and changes after 1; the model says 10 s and 1/,
    ],
    [
      'a routing policy without rules',
      (traffic) => {
        const writer = the(traffic, 'DnsWriter');
        writer.Properties['Weight'] = 1;
        writer.Properties['SetIdentifier'] = 'one';
      },
      /templates-are-understood: .*DnsWriter\w+: routing by Weight has no rules here; use Failover or GeoLocation/,
    ],
    [
      'a policy without an identifier',
      (traffic) => delete the(traffic, 'DnsFromNA').Properties['SetIdentifier'],
      /templates-are-understood: .*DnsFromNA\w+: SetIdentifier belongs to a record with a routing policy/,
    ],
  ])('%s', (_, plant, expected) => {
    const found = planted(production, pristine, plant);
    expect(found.filter((text) => expected.test(text))).not.toEqual([]);
  });

  test('with three regions: the second standby region takes over, and the chain does not know it', () => {
    const found = planted(three, pristineThree, (traffic) => (alias(the(traffic, 'DnsUnlessUse1Primary'))['DNSName'] = 'euc1.app.example.com'));
    expect(found.filter((text) => /never-a-fenced-region: .*2 of 3 switch objects say active=ap-southeast-1: eu-central-1 is answered/.test(text))).not.toEqual(
      [],
    );
  });

  test('with three regions: a reader is sent to a standby region that is not the one that takes writes', () => {
    const found = planted(three, pristineThree, (traffic) => (alias(the(traffic, 'DnsPreferUse1Secondary'))['DNSName'] = 'apse1.app.example.com'));
    expect(found.filter((text) => /never-an-unready-region: .*asked from NA, when us-east-1 is not ready: ap-southeast-1 is answered/.test(text))).not.toEqual(
      [],
    );
  });

  test('a shorter TTL than a load balancer has: nothing could keep the promise', () => {
    const impatient = { ...production, dns: { ...production.dns!, ttl: 10 as NonNullable<typeof production.dns>['ttl'] } };
    const found = planted(impatient, pristine, () => undefined);
    expect(found[0]).toMatch(/answers-expire-in-time: .*the answer is kept for 60 s, and dns\.ttl, which the budgets count on, is 10 s/);
  });

  test('nothing at all', () => {
    const found = textsOf(verified(production, []));
    expect(found.filter((text) => /always-an-answer: .*no-such-name/.test(text)).length).toBeGreaterThan(0);
  });
});

test("a region's own name is there before the names that lead to it, and the switch before the checks that look at it", () => {
  const order = deploymentOrderOf(namedEnvironment('production'));
  expect(order.get('eu-west-1-traffic')).toEqual(['eu-central-1-entrance', 'eu-west-1-switch', 'eu-west-3-switch', 'us-east-1-entrance', 'us-west-2-switch']);
  expect(order.get('us-east-1-dns-alarms')).toEqual(['eu-west-1-traffic', 'us-east-1-alerts']);
  expect(order.get('eu-west-1-switch')).toEqual([]);
});
