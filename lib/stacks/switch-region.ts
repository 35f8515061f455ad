import type { Construct } from 'constructs';
import { EnvironmentStack, type EnvironmentStackProps } from '../constructs/environment-stack';
import { SwitchBucket } from '../constructs/switch-bucket';

/** One of the three places where it is said which region took over. Refers to nothing, and nothing refers to it: bucket names are derived from the model. */
export class SwitchRegion extends EnvironmentStack {
  constructor(scope: Construct, props: EnvironmentStackProps) {
    super(scope, 'switch', 'object that says which region took over', props);
    new SwitchBucket(this, 'Switch', { environment: props.environment, region: props.regionName });
  }
}
