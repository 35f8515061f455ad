import * as iam from 'aws-cdk-lib/aws-iam';
import { type Construct } from 'constructs';

/** A role and the service account that gets it. */
export interface ServiceAccountRole {
  readonly roleArn: string;
  readonly serviceAccount: string;
}

export interface PodIdentityRoleProps {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly description: string;
}

/** A role that pods of one service account get through EKS Pod Identity, and nobody else. */
export class PodIdentityRole extends iam.Role implements ServiceAccountRole {
  readonly namespace: string;
  readonly serviceAccount: string;

  constructor(scope: Construct, id: string, props: PodIdentityRoleProps) {
    const { namespace, serviceAccount, description } = props;
    super(scope, id, {
      description,
      assumedBy: new iam.SessionTagsPrincipal(
        new iam.ServicePrincipal('pods.eks.amazonaws.com', {
          conditions: { StringEquals: { 'aws:RequestTag/kubernetes-namespace': namespace, 'aws:RequestTag/kubernetes-service-account': serviceAccount } },
        }),
      ),
    });
    this.namespace = namespace;
    this.serviceAccount = serviceAccount;
  }
}
