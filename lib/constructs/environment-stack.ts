import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Environment } from '../topology/types';

export interface EnvironmentStackProps {
  readonly environment: Environment;
  /** Where it is deployed: any AWS region, with or without workloads. */
  readonly regionName: string;
}

/** A deployment unit of an environment. Its id is `<region>-<part>`, so that `cdk deploy 'production/*'` and `cdk deploy 'production/us-east-1-*'` read well. */
export abstract class EnvironmentStack extends Stack {
  readonly environmentModel: Environment;
  readonly regionName: string;

  protected constructor(scope: Construct, part: string, description: string, { environment, regionName }: EnvironmentStackProps) {
    super(scope, `${regionName}-${part}`, {
      description: `Holdfast ${environment.name}, ${regionName}: ${description}`,
      env: { region: regionName, ...(environment.account === null ? {} : { account: environment.account }) },
      terminationProtection: environment.retainData,
      // The metadata resource only tells AWS which constructs are used; without it every template holds what we wrote and nothing else.
      analyticsReporting: false,
      tags: { 'holdfast:environment': environment.name },
    });
    this.environmentModel = environment;
    this.regionName = regionName;
  }
}
