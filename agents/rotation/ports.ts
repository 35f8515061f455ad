/** What a rotation needs of the world: the same on AWS (in the cluster) and in the lab (from its machine). */
import type { KeyPair, SignedSecret } from '../../lib/services/rotation/authority';
import type { RotatedEnvironment } from '../../lib/services/rotation/job';
import type { Region } from '../../lib/topology/types';
import type { knock, streamsOf } from './logins';
import type { clientsOf } from './pods';
import type { CopyOut } from './secrets-manager';

/** The Kubernetes API. Errors of its own carry the HTTP `status`. */
export interface Cluster {
  readonly get: <T>(path: string) => Promise<T>;
  readonly list: <T>(path: string) => Promise<readonly T[]>;
  readonly create: (path: string, object: unknown) => Promise<void>;
  /** A merge patch: null removes a key. */
  readonly patch: (path: string, change: unknown) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
}

/** A region and its API server. */
export interface RegionCluster {
  readonly region: Region;
  readonly cluster: Cluster;
}

export interface World extends RegionCluster {
  readonly environment: RotatedEnvironment;
  /** The other regions with the same credentials. What is written in them is a copy: the state of a rotation is in `cluster`. */
  readonly standbys: readonly RegionCluster[];
  /** Wall clock, milliseconds. */
  readonly now: () => number;
  readonly sleep: (seconds: number) => Promise<void>;
  readonly progress: (line: string) => void;
  /** Fires: the rotation stops before its next step, and can be resumed. */
  readonly signal: AbortSignal;
  /** Told whenever what clients should log in with has changed: the lab's own programs read it from a file. */
  readonly publish: () => Promise<void>;
  /** How the database is asked. @default - over the network, as those do whose logins are rotated */
  readonly access?: Access;
  /** Keeps what is in use in AWS too; called while both versions are good. @default - there is no such copy */
  readonly copyOut?: CopyOut;
  /** Signs a new certificate for a Secret. */
  readonly issue: (secret: SignedSecret, authority: KeyPair) => Promise<KeyPair>;
  readonly newAuthority: () => Promise<KeyPair>;
}

export interface Access {
  readonly knock: typeof knock;
  readonly streamsOf: typeof streamsOf;
  readonly clientsOf: typeof clientsOf;
}

/** Every region, this one first: the order in which a state is written. */
export const regionsOf = ({ region, cluster, standbys }: World): readonly RegionCluster[] => [{ region, cluster }, ...standbys];

/** For messages: whose pod it is, where there are several regions. */
export const nameIn = ({ standbys }: World, { region }: RegionCluster, name: string): string => (standbys.length === 0 ? name : `${region.name}/${name}`);

/** A rotation that can't begin, can't go on, or has to wait: what, why, and what to do. Nothing is lost. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
}

/**
 * Asks until nothing is to be complained of.
 * @throws RotationError with the last complaints after `withinSeconds`
 */
export const awaitNone = async (world: World, what: string, withinSeconds: number, complaints: () => Promise<readonly string[]>): Promise<void> => {
  const deadline = world.now() + withinSeconds * 1000;
  for (;;) {
    world.signal.throwIfAborted();
    const found = await complaints();
    if (found.length === 0) return;
    if (world.now() > deadline) {
      throw new RotationError(
        `${what}: not within ${withinSeconds} s: ${found.join('; ')}. Nothing is lost: both versions stay as they are; go on with --resume`,
      );
    }
    await world.sleep(0.3);
  }
};
