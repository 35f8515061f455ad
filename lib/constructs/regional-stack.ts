import type { Construct } from 'constructs';
import type { Environment, Region } from '../topology/types';
import { EnvironmentStack } from './environment-stack';

export interface RegionalStackProps {
  readonly environment: Environment;
  readonly region: Region;
}

/** A deployment unit of a region with workloads. */
export abstract class RegionalStack extends EnvironmentStack {
  readonly regionModel: Region;

  protected constructor(scope: Construct, part: string, description: string, { environment, region }: RegionalStackProps) {
    super(scope, part, description, { environment, regionName: region.name });
    this.regionModel = region;
  }

  /** The model's zones: CDK would ask AWS (a context lookup), or assume two zones where the account is not known. */
  override get availabilityZones(): string[] {
    return [...this.regionModel.zones];
  }
}
