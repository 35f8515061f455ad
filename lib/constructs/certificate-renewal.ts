import { Stack } from 'aws-cdk-lib';
import { CfnPodIdentityAssociation } from 'aws-cdk-lib/aws-eks';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { CERT_MANAGER, challengeNames, RENEWER } from '../services/certificates';
import { APPLICATION_NAMESPACE } from '../topology/derive';
import type { Acme, Dns } from '../topology/types';
import { acknowledgeWildcard } from './acknowledge';
import type { AlertTopic } from './alert-topic';
import { topicRights } from './failover-rights';
import { PodIdentityRole } from './pod-identity';

/** Who renews: the pods of one service account. */
const IDENTITIES = {
  certbot: { namespace: APPLICATION_NAMESPACE, serviceAccount: RENEWER },
  'cert-manager': { namespace: CERT_MANAGER, serviceAccount: CERT_MANAGER },
} as const satisfies Record<Acme['client'], { namespace: string; serviceAccount: string }>;

export interface CertificateRenewalProps {
  readonly clusterName: string;
  readonly acme: Acme;
  readonly dns: Dns;
  /** Told of renewals and failures by what Holdfast renews with. */
  readonly alerts: AlertTopic;
}

/**
 * The role by which what renews public certificates proves their names: it may set and remove the TXT records that the authority asks for, one for each name on the
 * certificate, and no other record of the zone. Credentials are put into a pod when it starts: this comes before the charts.
 */
export class CertificateRenewal extends Construct {
  private readonly role: PodIdentityRole;

  constructor(scope: Construct, id: string, props: CertificateRenewalProps) {
    super(scope, id);
    const { clusterName, acme, dns, alerts } = props;
    this.role = new PodIdentityRole(this, 'Role', { ...IDENTITIES[acme.client], description: `Proves names of ${dns.zoneName} to the certificate authority` });
    this.allowChallenges(acme, dns);
    this.allowLooking(acme, dns);
    if (acme.client === 'certbot') topicRights(alerts.topic.topicArn, alerts.key.keyArn).forEach((right) => this.role.addToPolicy(right));
    const { namespace, serviceAccount, roleArn } = this.role;
    new CfnPodIdentityAssociation(this, 'Association', { clusterName, namespace, serviceAccount, roleArn });
  }

  /** `ForAllValues` alone would also hold for a request that says nothing of names, types or actions. */
  private allowChallenges({ names }: Acme, { zoneId }: Dns): void {
    const conditions = {
      'route53:ChangeResourceRecordSetsNormalizedRecordNames': challengeNames(names),
      'route53:ChangeResourceRecordSetsRecordTypes': ['TXT'],
      'route53:ChangeResourceRecordSetsActions': ['UPSERT', 'DELETE'],
    };
    this.role.addToPolicy(
      new iam.PolicyStatement({
        sid: 'Challenges',
        actions: ['route53:ChangeResourceRecordSets'],
        resources: [this.arnOf('hostedzone', zoneId)],
        conditions: { 'ForAllValues:StringEquals': conditions, Null: Object.fromEntries(Object.keys(conditions).map((key) => [key, 'false'])) },
      }),
    );
  }

  /** certbot looks for the zone by its name among all of the account, and cert-manager, which is told the zone, at the records in it. Whether a change has arrived is asked by an id that only Route 53 gives. */
  private allowLooking({ client }: Acme, { zoneId }: Dns): void {
    const changes = this.arnOf('change', '*');
    this.role.addToPolicy(new iam.PolicyStatement({ sid: 'HasItArrived', actions: ['route53:GetChange'], resources: [changes] }));
    acknowledgeWildcard(this.role, changes, 'Changes have no names before they are made; this only reads whether one has arrived.');
    if (client === 'cert-manager') {
      this.role.addToPolicy(
        new iam.PolicyStatement({ sid: 'Zone', actions: ['route53:ListResourceRecordSets'], resources: [this.arnOf('hostedzone', zoneId)] }),
      );
      return;
    }
    this.role.addToPolicy(new iam.PolicyStatement({ sid: 'Zones', actions: ['route53:ListHostedZones'], resources: ['*'] }));
    acknowledgeWildcard(this.role, '*', 'Listing zones has no resource to name.');
  }

  /** Of Route 53, which is in no region and whose ARNs name no account. */
  private arnOf(resource: string, resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'route53', region: '', account: '', resource, resourceName });
  }
}
