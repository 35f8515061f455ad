/** The job that rotates passwords on schedule: what it is told. */
import type { Environment, Region } from '../../topology/types';

/** What a rotation has to know of an environment. */
export type RotatedEnvironment = Pick<Environment, 'name' | 'regions' | 'rotation' | 'cache'>;

/** What the job reads (JSON). */
export interface RotationConfig {
  readonly environment: RotatedEnvironment;
  /** Name of the region that it runs in. */
  readonly region: string;
  readonly graceSeconds: number;
}

export const rotationJson = ({ name, regions, rotation, cache }: Environment, region: Region): string => {
  const config: RotationConfig = { environment: { name, regions, rotation, cache }, region: region.name, graceSeconds: rotation.grace };
  return `${JSON.stringify(config)}\n`;
};

/** Every night it looks whether something is due: a calendar can't say "every 30 days". */
export const ROTATION_SCHEDULE = '20 3 * * *';
/** A rotation of the database waits for clients for the grace period, one of the cache as well; the rest takes minutes. */
export const rotationTimeLimitSeconds = ({ rotation }: Pick<Environment, 'rotation'>): number => 2 * rotation.grace + 1800;
