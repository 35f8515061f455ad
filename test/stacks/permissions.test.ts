import { namedEnvironment, resourcesOf, templatesOf } from './environments';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** `<stack>/<policy without hash>: <action or resource with a wildcard>` of every statement that allows something. */
const wildcards = (environment: string): readonly string[] =>
  [...templatesOf(namedEnvironment(environment))].flatMap(([stack, template]) =>
    [...resourcesOf(template, 'AWS::IAM::Policy')].flatMap(([id, { Properties }]) =>
      (Properties.PolicyDocument as { Statement: readonly Statement[] }).Statement.filter((s) => s.Effect === 'Allow')
        .flatMap((s) => [...list(s.Action), ...list(s.Resource)])
        .map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
        .filter((part) => part.includes('*'))
        .map((part) => `${stack}/${id.replace(/[0-9A-F]{8}$/, '')}: ${part}`),
    ),
  );

const kubectl = (region: string): string =>
  `${region}-platform/KubernetesClusterKubectlProviderframeworkonEventServiceRoleDefaultPolicy: {"Fn::Join":["",[{"Fn::GetAtt":["KubernetesClusterKubectlProviderHandlerF916491E","Arn"]},":*"]]}`;

test('IAM policies hold no wildcard but the acknowledged ones', () => {
  expect(wildcards('dev')).toEqual([kubectl('eu-central-1')]);
  expect(wildcards('staging')).toEqual([kubectl('eu-central-1')]);
  const replication = 'eu-central-1-data-protection/ReplicationRoleDefaultPolicy';
  expect([...wildcards('production')].sort()).toEqual(
    [
      `${replication}: {"Fn::Join":["",["arn:aws:s3:::holdfast-production-euc1-backups-",{"Ref":"AWS::AccountId"},"/*"]]}`,
      `${replication}: {"Fn::Join":["",["arn:aws:s3:::holdfast-production-use1-backups-",{"Ref":"AWS::AccountId"},"/*"]]}`,
      `${replication}: {"Fn::Join":["",["arn:aws:kms:us-east-1:",{"Ref":"AWS::AccountId"},":key/*"]]}`,
      kubectl('eu-central-1'),
      kubectl('us-east-1'),
    ].sort(),
  );
});
