import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LeaseKeeperConfig } from '../../lib/services/lease-keeper';
import type { Replica } from './store';

/** An emulated store asks for keys, and does not look at them. */
const NO_CREDENTIALS = { accessKeyId: 'emulated', secretAccessKey: 'emulated' };

/** One client for each replica. Nothing is retried here: a late answer is worth nothing, and the next round asks again. */
export const replicasOf = ({ lease, store }: LeaseKeeperConfig): readonly Replica[] =>
  lease.replicas.map((region) => {
    const connection = { keepAlive: true, maxSockets: 4 };
    const httpsAgent = store.kind === 'aws' ? new Agent(connection) : new Agent({ ...connection, ca: readFileSync(store.ca) });
    const client = new DynamoDBClient({
      region,
      maxAttempts: 1,
      requestHandler: { httpsAgent, requestTimeout: lease.requestTimeout * 1000, connectionTimeout: lease.requestTimeout * 1000 },
      ...(store.kind === 'aws' ? {} : { endpoint: store.endpoint, credentials: NO_CREDENTIALS }),
    });
    return { region, client };
  });
