import { deploymentOrderOf, namedEnvironment, resourcesOf, templateOf, templatesOf } from './environments';
import type { Environment, Region } from '../../lib/topology/types';

const environment = namedEnvironment('production');
const production = templatesOf(environment);
const request = templateOf(production, 'us-east-1-peering');
const back = templateOf(production, 'eu-central-1-peering-routes');

const routes = (template: typeof request): readonly Readonly<Record<string, unknown>>[] =>
  [...resourcesOf(template, 'AWS::EC2::Route').values()].map((r) => r.Properties);

describe('the peering of two regions', () => {
  test('is requested by the standby, which reads the id of the home VPC when it is deployed', () => {
    request.resourcePropertiesCountIs(
      'AWS::EC2::VPCPeeringConnection',
      {
        PeerRegion: 'eu-central-1',
        PeerVpcId: { 'Fn::GetStackOutput': { StackName: 'production-eu-central-1-network', OutputName: 'VpcId', Region: 'eu-central-1' } },
      },
      1,
    );
    templateOf(production, 'eu-central-1-network').hasOutput('VpcId', {});
  });

  test('has a route from every private and isolated subnet of the standby to the home', () => {
    expect(routes(request)).toHaveLength(6);
    for (const route of routes(request))
      expect(route).toMatchObject({ DestinationCidrBlock: '10.10.0.0/16', VpcPeeringConnectionId: { 'Fn::GetAtt': ['ConnectionToEuc1', 'Id'] } });
    expect(new Set(routes(request).map((r) => JSON.stringify(r.RouteTableId))).size).toBe(6);
  });

  test('has a route back from every private and isolated subnet of the home', () => {
    const connection = { 'Fn::GetStackOutput': { StackName: 'production-us-east-1-peering', OutputName: 'PeeringWithEuc1', Region: 'us-east-1' } };
    expect(routes(back)).toHaveLength(6);
    for (const route of routes(back)) expect(route).toMatchObject({ DestinationCidrBlock: '10.20.0.0/16', VpcPeeringConnectionId: connection });
    expect(new Set(routes(back).map((r) => JSON.stringify(r.RouteTableId))).size).toBe(6);
    request.hasOutput('PeeringWithEuc1', {});
  });

  test('is deployed in the order networks, request, routes back', () => {
    const stacks = deploymentOrderOf(environment);
    expect(stacks.get('us-east-1-peering')).toEqual(['eu-central-1-network', 'us-east-1-network']);
    expect(stacks.get('eu-central-1-peering-routes')).toEqual(['eu-central-1-network', 'us-east-1-peering']);
    expect(stacks.get('eu-central-1-network')).toEqual([]);
  });

  test('does not exist where there is one region', () => {
    expect([...templatesOf(namedEnvironment('dev')).keys()].filter((id) => id.includes('peering'))).toEqual([]);
  });
});

test('two standbys are peered with each other too', () => {
  const [home, standby] = environment.regions as readonly [Region, Region];
  const third: Region = {
    ...standby,
    name: 'eu-west-1',
    zones: ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'],
    network: { ...standby.network, vpcCidr: '10.60.0.0/16' },
  };
  const three: Environment = { ...environment, regions: [home, standby, third] };
  const templates = templatesOf(three);
  templateOf(templates, 'eu-west-1-peering').resourceCountIs('AWS::EC2::VPCPeeringConnection', 2);
  expect(routes(templateOf(templates, 'us-east-1-peering-routes')).map((r) => r.DestinationCidrBlock)).toEqual(Array(6).fill('10.60.0.0/16'));
  expect(routes(templateOf(templates, 'eu-central-1-peering-routes'))).toHaveLength(12);
});
