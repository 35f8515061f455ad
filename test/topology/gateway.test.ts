import { defineEnvironment } from '../../lib/topology/define';
import {
  BALANCER_CHECK,
  balancerOutOfRotationSeconds,
  GATEWAY_DEFAULTS,
  gatewayMembers,
  OUT_OF_ROTATION,
  outOfRotationSeconds,
  REGION_HEALTH_PATH,
  trustedHops,
  trustedProxies,
} from '../../lib/topology/gateway';
import { HEALTH_PATH } from '../../lib/failover/names';
import { environmentWith, regionWith } from './fixtures';

describe('a dead node', () => {
  test('is out of the gateway’s rotation after at most 4.5 s with the defaults: a pause, three timeouts, two short pauses', () => {
    expect(outOfRotationSeconds(GATEWAY_DEFAULTS.check)).toBe(4.5);
    expect(outOfRotationSeconds(GATEWAY_DEFAULTS.check)).toBeLessThanOrEqual(OUT_OF_ROTATION.withinCluster);
  });
  test('with a gateway on it gets nothing more from the load balancer after at most 12 s', () => {
    expect(balancerOutOfRotationSeconds()).toBe(12);
    expect(BALANCER_CHECK.intervalSeconds).toBeGreaterThanOrEqual(5);
  });
  test('is out of everything within 30 s on AWS', () =>
    expect(outOfRotationSeconds(GATEWAY_DEFAULTS.check) + balancerOutOfRotationSeconds()).toBeLessThanOrEqual(OUT_OF_ROTATION.onAws));
});

describe('the gateways of a region', () => {
  const region = defineEnvironment(environmentWith({ regions: [regionWith()] })).regions[0];
  if (region === undefined) throw new Error('no region');
  test('are named after their zones', () => expect(gatewayMembers(region).map(({ name }) => name)).toEqual(['gateway-a', 'gateway-b', 'gateway-c']));
  test('believe whoever is in the public subnets, and nobody else in the VPC', () =>
    expect(trustedProxies(region)).toEqual(['10.1.240.0/22', '10.1.244.0/22', '10.1.248.0/22']));
  test('look behind CloudFront where there is one', () => {
    const named = defineEnvironment(environmentWith({ edge: {}, dns: { zoneName: 'example.com', zoneId: 'Z1' } }));
    expect(trustedHops(named)).toBe(2);
    expect(trustedHops({ ...named, dns: null })).toBe(1);
  });
  test('answer the question that health checks ask of a region', () => expect(REGION_HEALTH_PATH).toBe(HEALTH_PATH));
});
