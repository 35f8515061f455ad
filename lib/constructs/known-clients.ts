import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KnownClientsProps {
  /** PEM. */
  readonly authority: string;
}

/**
 * Whose certificates the load balancer takes. It reads them once, when the trust store is made, from the bucket of CDK's assets, where the file is named by its content: an authority that
 * changes is another file, and so the trust store is updated.
 */
export class KnownClients extends Construct {
  readonly trustStore: elb.ITrustStore;

  constructor(scope: Construct, id: string, props: KnownClientsProps) {
    super(scope, id);
    const asset = this.asset(props.authority);
    this.trustStore = new elb.TrustStore(this, 'TrustStore', { bucket: asset.bucket, key: asset.s3ObjectKey });
  }

  /** CDK copies the file into the assembly at once. */
  private asset(authority: string): Asset {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-authority-'));
    try {
      const path = join(folder, 'authority.pem');
      writeFileSync(path, authority);
      return new Asset(this, 'Authority', { path });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
