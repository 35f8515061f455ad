import { SecretValue } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { EDGE_REGION, originSecretName } from '../topology/edge-names';
import type { Edge, Environment } from '../topology/types';
import { acceptedSecrets } from '../topology/web-acl';
import { acknowledge } from './acknowledge';

export interface OriginSecretsProps {
  readonly environment: Environment;
  readonly edge: Edge;
}

/** What CloudFront shows to the load balancers: the present secret and the one before, each with a copy in every region. */
export class OriginSecrets extends Construct {
  constructor(scope: Construct, id: string, props: OriginSecretsProps) {
    super(scope, id);
    const { environment, edge } = props;
    for (const number of acceptedSecrets(edge)) this.define(environment, number);
  }

  private define(environment: Environment, number: number): void {
    const secret = new secretsmanager.Secret(this, `Secret${number}`, {
      secretName: originSecretName(environment, number),
      description: `CloudFront shows it to the load balancers of ${environment.name}`,
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      replicaRegions: environment.regions.filter(({ name }) => name !== EDGE_REGION).map(({ name }) => ({ region: name })),
    });
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'It is written into CloudFront and the load balancers: a new one is a new number in the model, and two are good at a time (docs/edge.md).',
    );
  }
}

/** Its value, put in by CloudFormation at deployment: no template holds it. */
export const originSecret = (environment: Environment, number: number): string =>
  SecretValue.secretsManager(originSecretName(environment, number)).unsafeUnwrap();
