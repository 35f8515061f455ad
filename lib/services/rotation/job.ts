/** The job that rotates passwords on schedule: what it is told. */
import { cacheSecretName, homeRegion, postgresSecretName } from '../../topology/derive';
import type { Environment, Region } from '../../topology/types';

/** What a rotation has to know of an environment. */
export type RotatedEnvironment = Pick<Environment, 'name' | 'regions' | 'rotation' | 'cache'>;

/** Where AWS Secrets Manager keeps the passwords that a cluster is made from. */
export interface CopyConfig {
  readonly region: string;
  readonly names: { readonly database: string; readonly cache: string | null };
}

/** What the job reads (JSON). */
export interface RotationConfig {
  readonly environment: RotatedEnvironment;
  /** Name of the region that it runs in. */
  readonly region: string;
  readonly graceSeconds: number;
  /** null: there is none. */
  readonly copy: CopyConfig | null;
}

export const copyConfig = (environment: Environment, region: Region): CopyConfig => {
  const home = homeRegion(environment);
  const cache = environment.cache === null ? null : cacheSecretName(environment, home);
  return { region: region.name, names: { database: postgresSecretName(environment, home), cache } };
};

/** @param copied whether the passwords came from AWS Secrets Manager */
export const rotationJson = (environment: Environment, region: Region, copied: boolean): string => {
  const { name, regions, rotation, cache } = environment;
  const config: RotationConfig = {
    ...{ environment: { name, regions, rotation, cache }, region: region.name, graceSeconds: rotation.grace },
    copy: copied ? copyConfig(environment, region) : null,
  };
  return `${JSON.stringify(config)}\n`;
};

/** Whose service account the job has; where it is deployed: where a rotation reaches every region (in one). */
export const ROTATION_ACCOUNT = 'rotation';
export const hasRotationJob = ({ regions }: Pick<Environment, 'regions'>): boolean => regions.every(({ role }) => role !== 'standby');

/** Every night it looks whether something is due: a calendar can't say "every 30 days". */
export const ROTATION_SCHEDULE = '20 3 * * *';
/** A rotation of the database waits for clients for the grace period, one of the cache as well; the rest takes minutes. */
export const rotationTimeLimitSeconds = ({ rotation }: Pick<Environment, 'rotation'>): number => 2 * rotation.grace + 1800;
