/** Stands in for the SDK's chain of credential providers in a bundle (scripts/bundle-lambdas.mjs): a function's credentials are in its environment. */
import { fromEnv } from '@aws-sdk/credential-provider-env';

export const defaultProvider = fromEnv;
