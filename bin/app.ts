/** The CDK app, for `npx cdk`: every environment that is deployed to AWS, with all checks. */
import { defineApp, deployableEnvironments } from './synth';

defineApp({ environments: deployableEnvironments(), fast: false }).synth();
