import { Match } from 'aws-cdk-lib/assertions';
import { namedEnvironment, resourcesOf, stacksOf, stageOf, templateOf, templatesOf } from './environments';

const production = templatesOf(namedEnvironment('production'));
const home = templateOf(production, 'eu-central-1-network');
const dev = templateOf(templatesOf(namedEnvironment('dev')), 'eu-central-1-network');

describe('the network of a region', () => {
  test('has a private, an isolated and a public subnet in each zone of the model', () => {
    const zones = [...resourcesOf(home, 'AWS::EC2::Subnet').values()].map((subnet) => subnet.Properties.AvailabilityZone);
    expect(zones.sort()).toEqual(['eu-central-1a', 'eu-central-1b', 'eu-central-1c'].flatMap((zone) => [zone, zone, zone]));
    home.hasResourceProperties('AWS::EC2::VPC', { CidrBlock: '10.10.0.0/16', EnableDnsHostnames: true, EnableDnsSupport: true });
  });

  test('gives no subnet public addresses by itself', () => {
    for (const subnet of resourcesOf(home, 'AWS::EC2::Subnet').values()) expect(subnet.Properties.MapPublicIpOnLaunch).toBe(false);
  });

  test.each([
    ['production', home, 3],
    ['dev', dev, 1],
  ])('has as many NAT gateways as the model says in %s', (_name, template, count) => {
    template.resourceCountIs('AWS::EC2::NatGateway', count);
  });

  test('records all traffic for as long as the model says', () => {
    home.hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'ALL', LogDestinationType: 'cloud-watch-logs' });
    home.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 });
    dev.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
  });

  test.each(['ec2', 'ecr.api', 'ecr.dkr', 'eks', 'eks-auth', 'kms', 'logs', 'secretsmanager', 'sts'])('reaches %s without leaving AWS', (service) => {
    home.hasResourceProperties('AWS::EC2::VPCEndpoint', {
      VpcEndpointType: 'Interface',
      PrivateDnsEnabled: true,
      ServiceName: `com.amazonaws.eu-central-1.${service}`,
    });
  });

  test.each(['s3', 'dynamodb'])('reaches %s through the route tables', (service) => {
    home.hasResourceProperties('AWS::EC2::VPCEndpoint', {
      VpcEndpointType: 'Gateway',
      ServiceName: Match.objectLike({ 'Fn::Join': ['', Match.arrayWith([`.${service}`])] }),
    });
  });

  test('opens nothing to the internet', () => {
    for (const group of resourcesOf(home, 'AWS::EC2::SecurityGroup').values())
      expect(JSON.stringify(group.Properties.SecurityGroupIngress ?? [])).not.toContain('0.0.0.0/0');
    home.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: [{ CidrIp: '10.10.0.0/16', FromPort: 443, ToPort: 443, IpProtocol: 'tcp', Description: 'HTTPS from the VPC' }],
    });
    home.resourceCountIs('Custom::VpcRestrictDefaultSG', 1);
  });

  test('puts an endpoint into each zone, or into one where one NAT gateway is enough', () => {
    const subnets = (template: typeof home): number[] =>
      [...resourcesOf(template, 'AWS::EC2::VPCEndpoint').values()]
        .filter((e) => e.Properties.VpcEndpointType === 'Interface')
        .map((e) => (e.Properties.SubnetIds as unknown[]).length);
    expect(new Set(subnets(home))).toEqual(new Set([3]));
    expect(new Set(subnets(dev))).toEqual(new Set([1]));
  });

  test('refers to no other region', () => {
    expect(JSON.stringify(home.toJSON())).not.toContain('us-east-1');
    expect(JSON.stringify(templateOf(production, 'us-east-1-network').toJSON())).not.toContain('eu-central-1');
  });
});

test('every stack names its account and region as the model does', () => {
  const environment = { ...namedEnvironment('production'), account: '123456789012' };
  for (const stack of stacksOf(stageOf(environment))) {
    expect(stack.account).toBe('123456789012');
    expect(stack.region).toBe(stack.regionName);
    expect(stack.node.id.startsWith(`${stack.region}-`)).toBe(true);
  }
});
