import type { FailoverSettings } from '../../lib/failover/settings';
import { Items } from '../aws/items';
import { DynamoLease, replicasOf } from '../aws/lease-store';

/** One attempt at one replica, milliseconds: a workflow is in less of a hurry than the keepers, and crosses an ocean. */
const TIMEOUT = 2000;

export const leaseOf = ({ lease }: FailoverSettings): { readonly lease: DynamoLease; readonly items: Items } => {
  const replicas = replicasOf(lease.replicas, TIMEOUT);
  return { lease: new DynamoLease(lease.table, replicas), items: new Items(lease.table, replicas) };
};
