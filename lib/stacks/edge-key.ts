import type { Construct } from 'constructs';
import { EnvironmentStack } from '../constructs/environment-stack';
import { OriginSecrets } from '../constructs/origin-secrets';
import { EDGE_REGION } from '../topology/edge-names';
import type { Edge, Environment } from '../topology/types';

export interface EdgeKeyProps {
  readonly environment: Environment;
  readonly edge: Edge;
}

/** By what the regions know CloudFront. Comes before both. */
export class EdgeKey extends EnvironmentStack {
  constructor(scope: Construct, { environment, edge }: EdgeKeyProps) {
    super(scope, 'edge-key', 'secret by which load balancers know CloudFront', { environment, regionName: EDGE_REGION });
    new OriginSecrets(this, 'Origin', { environment, edge });
  }
}
