import { RemovalPolicy } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { AlertTopic } from '../constructs/alert-topic';
import { BackupAlarms } from '../constructs/backup-alarms';
import { BackupBucket } from '../constructs/backup-bucket';
import { BackupReplication } from '../constructs/backup-replication';
import { CACHE_PASSWORDS, DatabaseCredentials } from '../constructs/database-credentials';
import { dataKeyAlias } from '../constructs/names';
import { SigningKey } from '../constructs/signing-key';
import { RegionalStack, type RegionalStackProps } from '../constructs/regional-stack';

export interface DataProtectionProps extends RegionalStackProps {
  /** The other regions' stacks; the home region's backups and secrets are copied there. */
  readonly standbys: readonly DataProtection[];
  readonly alerts: AlertTopic;
}

/** What must survive: the region's keys, the backup bucket and the database's passwords. */
export class DataProtection extends RegionalStack {
  readonly key: kms.IKey;

  constructor(scope: Construct, props: DataProtectionProps) {
    super(scope, 'data-protection', 'keys, backups, database passwords', props);
    this.key = this.defineKey();
    new SigningKey(this, 'SigningKey', props);
    const { bucket } = new BackupBucket(this, 'Backups', { ...props, encryptionKey: this.key });
    if (props.region.role === 'home') this.protectHome(props, bucket);
  }

  /**
   * One key per region, not a multi-region key: copies are encrypted anew with the destination's key, so that a key that is disabled or scheduled for deletion
   * in one region (by mistake or by an attacker) takes only that region's copies with it.
   */
  private defineKey(): kms.IKey {
    return new kms.Key(this, 'DataKey', {
      description: `Backups and secrets of ${this.environmentModel.name} in ${this.regionModel.name}`,
      alias: dataKeyAlias(this.environmentModel),
      enableKeyRotation: true,
      removalPolicy: this.environmentModel.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  private protectHome({ environment, region, standbys, alerts }: DataProtectionProps, source: s3.IBucket): void {
    const credentials = { environment, region, encryptionKey: this.key, replicateTo: standbys.map((s) => s.regionModel) };
    new DatabaseCredentials(this, 'Credentials', credentials);
    if (environment.cache !== null) new DatabaseCredentials(this, 'CacheCredentials', { ...credentials, passwords: CACHE_PASSWORDS });
    const [destination] = standbys;
    new BackupAlarms(this, 'BackupAlarms', { environment, bucket: source, topic: alerts.topic });
    if (environment.backups.replicateToStandby) {
      if (destination === undefined) throw new Error(`environment "${environment.name}" replicates its backups, but has no standby region`);
      new BackupReplication(this, 'Replication', {
        environment,
        region,
        source,
        sourceKey: this.key,
        destination: destination.regionModel,
      });
    }
    // Replicas refer to the standby's key and bucket, which therefore come first.
    standbys.forEach((standby) => this.addStackDependency(standby));
  }
}
