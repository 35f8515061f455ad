import { Aws, Stack } from 'aws-cdk-lib';
import { CfnPodIdentityAssociation } from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { copyConfig, ROTATION_ACCOUNT } from '../services/rotation/job';
import { NAMESPACE } from '../topology/derive';
import type { Environment, Region } from '../topology/types';
import { PodIdentityRole } from './pod-identity';

export interface RotationAccessProps {
  readonly environment: Environment;
  readonly region: Region;
  readonly clusterName: string;
  /** Encrypts the secrets. */
  readonly encryptionKey: kms.IKey;
}

/**
 * The role of the job that rotates passwords: it reads and writes the two secrets that a cluster is made from, and no other. Credentials are put into a pod when it
 * starts: this comes before the charts.
 */
export class RotationAccess extends Construct {
  constructor(scope: Construct, id: string, props: RotationAccessProps) {
    super(scope, id);
    const role = new PodIdentityRole(this, 'Role', {
      namespace: NAMESPACE,
      serviceAccount: ROTATION_ACCOUNT,
      description: `Keeps the passwords of ${props.environment.name} in Secrets Manager as they are in the cluster`,
    });
    const { names } = copyConfig(props.environment, props.region);
    this.allow(role, [names.database, ...(names.cache === null ? [] : [names.cache])], props.encryptionKey);
    const { namespace, serviceAccount, roleArn } = role;
    new CfnPodIdentityAssociation(this, 'Association', { clusterName: props.clusterName, namespace, serviceAccount, roleArn });
  }

  private allow(role: PodIdentityRole, names: readonly string[], encryptionKey: kms.IKey): void {
    // Secrets Manager appends a hyphen and six random characters to the name.
    const secrets = names.map((name) => Stack.of(this).formatArn({ service: 'secretsmanager', resource: `secret:${name}-??????` }));
    role.addToPolicy(new iam.PolicyStatement({ actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'], resources: secrets }));
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: [encryptionKey.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(this).region}.${Aws.URL_SUFFIX}` } },
      }),
    );
  }
}
