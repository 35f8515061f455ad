/** Connections to the cache that cost little to make. */
import { RedisClient } from '@redis/client';

/**
 * `createClient` makes a class with every command of the server anew whenever its options differ from the last ones: tens of milliseconds of a processor for each
 * connection to another node, which is too much just when nodes are lost. Here it is made once.
 */
const factory = RedisClient.factory({ RESP: 2 });

export const cacheClient = (options: NonNullable<Parameters<typeof factory>[0]>) => {
  // The class knows the protocol for replies, the options for the greeting.
  const complete = { ...options, RESP: 2 };
  return factory(complete);
};
