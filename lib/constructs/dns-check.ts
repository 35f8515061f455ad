import type * as route53 from 'aws-cdk-lib/aws-route53';
import type { Environment } from '../topology/types';

/** What the console shows as the name of a health check. */
export const nameTag = (environment: Environment, name: string): route53.CfnHealthCheck.HealthCheckTagProperty => ({
  key: 'Name',
  value: `${environment.name}: ${name}`,
});
