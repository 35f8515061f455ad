import { RemovalPolicy } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Environment, Region } from '../topology/types';
import { signingKeyAlias } from './names';

export interface SigningKeyProps {
  readonly environment: Environment;
  readonly region: Pick<Region, 'name'>;
  /** @default - the alias of the region's signing key */
  readonly alias?: string;
}

/**
 * A key that signs and never leaves AWS' hardware: whoever may use it calls KMS, and CloudTrail keeps every use (eventName Sign). A stolen permission is withdrawn; a
 * key that was in a file would have to be replaced wherever it is trusted.
 *
 * One per region, not a multi-region key: a region signs with its own, whether the other one is there or not, and who verifies knows the public keys of both.
 * AWS doesn't rotate asymmetric keys: a new one is a new key, published beside the old one until nothing that the old one signed is valid any more.
 */
export class SigningKey extends Construct {
  readonly key: kms.IKey;

  constructor(scope: Construct, id: string, props: SigningKeyProps) {
    super(scope, id);
    const { environment, region } = props;
    this.key = new kms.Key(this, 'Key', {
      description: `Signs on behalf of ${environment.name} in ${region.name}`,
      keySpec: kms.KeySpec.ECC_NIST_P256,
      keyUsage: kms.KeyUsage.SIGN_VERIFY,
      alias: props.alias ?? signingKeyAlias(environment),
      removalPolicy: environment.retainData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }
}
