import { homeRegion } from '../../lib/topology/derive';
import { firstRole, gatewayAddresses, peersOf, regionStatusAddresses, standbyClusterOf } from '../../lib/topology/regions';
import { parseCidr } from '../../lib/topology/cidr';
import { environmentNamed } from '../k8s/fixtures';

const environment = environmentNamed('production');
const home = homeRegion(environment);
const [standby] = peersOf(environment, home);
if (standby === undefined) throw new Error('production has one region');

test('a region’s gateways are the last usable addresses of its isolated subnets, one per zone', () => {
  expect(gatewayAddresses(home)).toEqual(['10.10.207.254', '10.10.223.254', '10.10.239.254']);
  expect(regionStatusAddresses(home)).toEqual(['10.10.207.253', '10.10.223.253', '10.10.239.253']);
});

test('all addresses of all regions differ and lie in their VPC', () => {
  const all = environment.regions.flatMap((region) => [...gatewayAddresses(region), ...regionStatusAddresses(region)].map((address) => ({ address, region })));
  expect(new Set(all.map(({ address }) => address)).size).toBe(all.length);
  for (const { address, region } of all) expect(address.split('.').slice(0, 2)).toEqual(region.network.vpcCidr.split('.').slice(0, 2));
  expect(parseCidr(home.network.vpcCidr)).toBeDefined();
});

test('a standby follows the leader, whoever it is, through every gateway, with a slot of its own', () =>
  expect(standbyClusterOf(standby, home)).toEqual({
    host: '10.10.207.254,10.10.223.254,10.10.239.254',
    port: 5433,
    primary_slot_name: 'standby_use1',
    create_replica_methods: ['basebackup'],
  }));

test('the home region begins as the primary one of epoch 1, the others as its standbys', () => {
  expect(firstRole(environment, home)).toEqual({ holdfast: { epoch: 1, primary: home.name } });
  expect(firstRole(environment, standby)).toMatchObject({ holdfast: { epoch: 1, primary: home.name }, standby_cluster: { port: 5433 } });
});
