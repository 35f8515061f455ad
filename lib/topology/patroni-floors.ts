/** Patroni's own floors, seconds (patroni/config.py): it raises smaller values without an error, so a budget built on them would be wrong. */
export const PATRONI_FLOORS = { ttl: 20, loopWait: 1, retryTimeout: 3 } as const;
