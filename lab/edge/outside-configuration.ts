import type { AwsResources } from '../aws/resources';
import type { GivenSecret } from '../aws/provision';
import type { Zone } from '../../lib/failover/routing';
import type { Place } from './places';
import type { EntranceOptions } from './entrance';

/** What the lab tells the process that is everything outside the workload regions. */
export interface OutsideConfiguration {
  readonly control: string;
  readonly events: string;
  readonly emulatorPort: number;
  readonly frontPort: number;
  readonly awsAddress: string;
  readonly tls: { readonly certificate: string; readonly key: string };
  readonly resources: AwsResources;
  readonly secrets: readonly GivenSecret[];
  /** Sockets of the function hosts inside workload regions; all other regions' functions run here. */
  readonly functionHosts: Readonly<Record<string, string>>;
  readonly worker: string;
  readonly functionEnvironment: Readonly<Record<string, string>>;
  readonly dns: { readonly host: string; readonly port: number };
  readonly zone: Zone;
  readonly zoneName: string;
  readonly places: readonly Place[];
  readonly entrances: Readonly<Record<string, string>>;
  readonly healthPath: string;
  readonly ttl: number;
  readonly checkers: number;
  /** Whose answers are noted when they change: a name, and clients. */
  readonly watched: { readonly name: string; readonly clients: readonly string[] };
}

/** What the lab tells the process that is one region's edge. */
export interface RegionEdgeConfiguration {
  readonly functions: string;
  readonly worker: string;
  readonly functionEnvironment: Readonly<Record<string, string>>;
  readonly entrance: Omit<EntranceOptions, 'onChange'>;
}
