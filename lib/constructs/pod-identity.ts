import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

export interface PodIdentityRoleProps {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly description: string;
}

/** A role that pods of one service account get through EKS Pod Identity, and nobody else. */
export class PodIdentityRole extends iam.Role {
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
