/** The shipped profiles, and any environment with one of them in it. */
import { backend } from '../../lib/profiles/backend';
import { nostream } from '../../lib/profiles/nostream';
import { p3 } from '../../lib/profiles/p3';
import { pouw } from '../../lib/profiles/pouw';
import type { Profile } from '../../lib/profiles/profile';
import { isLab } from '../../lib/topology/derive';
import type { EnvironmentInput } from '../../lib/topology/types';

export const image = `registry.example.com/app@sha256:${'0'.repeat(64)}`;
export const chainRpc = { host: 'rpc.example.com', port: 443 };
export const PROFILES: Readonly<Record<string, Profile>> = {
  backend: backend({ image: 'holdfast/backend' }),
  pouw: pouw({ image }),
  p3: p3({ image, chainRpc }),
  nostream: nostream({ image }),
};

/** Clients call a profile's workloads by names, and want a certificate for them; a lab may do without. */
const named = (environment: EnvironmentInput): Partial<EnvironmentInput> => {
  const dns = environment.dns ?? (isLab(environment) ? null : { zoneName: `${environment.name}.example.com`, zoneId: 'Z00000000000000EXAMPLE' });
  if (dns === null) return {};
  return { dns, acme: environment.acme ?? { contact: `platform@${dns.zoneName}`, names: [`app.${dns.zoneName}`] } };
};

/** The environment with room for it, and what every profile needs beside the database: a cache, and an edge. */
export const withProfile = (environment: EnvironmentInput, { workloads, retention }: Profile): EnvironmentInput => ({
  ...environment,
  everyRegion: {
    ...environment.everyRegion,
    cluster: { ...environment.everyRegion?.cluster, instanceType: 'm7i.4xlarge' },
    pooler: { ...environment.everyRegion?.pooler, maxClientConnections: 5000 },
  },
  cache: environment.cache ?? {},
  edge: environment.edge ?? {},
  ...named(environment),
  workloads,
  maintenance: { ...environment.maintenance, retention },
});
