import { subnetMasks } from '../../lib/topology/subnets';

test.each([
  ['10.0.0.0/16', 3, { private: 18, isolated: 20, public: 22 }],
  ['10.0.0.0/20', 3, { private: 22, isolated: 24, public: 26 }],
  ['10.0.0.0/16', 4, { private: 19, isolated: 22, public: 25 }],
])('shares %s among %i zones', (cidr, zones, masks) => {
  expect(subnetMasks(cidr, zones)).toEqual(masks);
});

test.each([2, 3, 4, 5, 6])('what %i zones get fits into the VPC', (zones) => {
  const { private: large, isolated, public: small } = subnetMasks('10.0.0.0/16', zones);
  const addresses = [large, isolated, small].map((mask) => zones * 2 ** (32 - mask)).reduce((a, b) => a + b);
  expect(addresses).toBeLessThanOrEqual(2 ** 16);
});

test('refuses a VPC that is too small, and says how large it must be', () => {
  expect(() => subnetMasks('10.0.0.0/20', 6)).toThrow(/too small for 6 zones.*use a VPC CIDR of \/19 or larger/);
  expect(() => subnetMasks('10.0.0.0', 3)).toThrow(/not a CIDR/);
});
