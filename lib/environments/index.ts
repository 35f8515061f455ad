/** The environments by name. To add one: write a file like `staging.ts` and name it here. */
import type { EnvironmentInput } from '../topology/types';
import { dev } from './dev';
import { lab } from './lab';
import { production } from './production';
import { staging } from './staging';

export const ENVIRONMENTS: Readonly<Record<string, EnvironmentInput>> = Object.fromEntries(
  [dev, staging, production, lab].map((environment) => [environment.name, environment]),
);
