import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Environment, Region } from '../topology/types';

export interface RegionalStackProps {
  readonly environment: Environment;
  readonly region: Region;
}

/** A deployment unit of one region. Its id is `<region>-<part>`, so that `cdk deploy 'production/*'` and `cdk deploy 'production/us-east-1-*'` read well. */
export abstract class RegionalStack extends Stack {
  readonly environmentModel: Environment;
  readonly regionModel: Region;

  protected constructor(scope: Construct, part: string, description: string, props: RegionalStackProps) {
    const { environment, region } = props;
    super(scope, `${region.name}-${part}`, {
      description: `Holdfast ${environment.name}, ${region.name}: ${description}`,
      env: { region: region.name, ...(environment.account === null ? {} : { account: environment.account }) },
      terminationProtection: environment.retainData,
      // The metadata resource only tells AWS which constructs are used; without it every template holds what we wrote and nothing else.
      analyticsReporting: false,
      tags: { 'holdfast:environment': environment.name },
    });
    this.environmentModel = environment;
    this.regionModel = region;
  }

  /** The model's zones: CDK would ask AWS (a context lookup), or assume two zones where the account is not known. */
  override get availabilityZones(): string[] {
    return [...this.regionModel.zones];
  }
}
