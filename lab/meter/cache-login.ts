/** What a client of the cache logs in with: it looks at its credentials as applications look at a mounted file. */
import { readFileSync } from 'node:fs';
import type { Credentials } from '../secrets';
import type { CacheMeterConfiguration } from './cache-configuration';
import type { CacheLogin } from './cache-connection';
import { now } from './clock';

const LOOK_EVERY_SECONDS = 0.25;

/** Gives the login as it is now; the same object while it is the same. */
export type LoginSource = () => CacheLogin;

export const loginSource = (config: CacheMeterConfiguration): LoginSource => {
  const { port, user, connectSeconds } = config;
  let present: CacheLogin = { port, user, connectSeconds, password: config.password, ca: config.ca };
  let lookedAt = 0;
  return () => {
    if (now() - lookedAt < LOOK_EVERY_SECONDS) return present;
    lookedAt = now();
    const { cache, ca } = JSON.parse(readFileSync(config.credentialsFile, 'utf8')) as Credentials;
    if (cache.application !== present.password || ca !== present.ca) present = { ...present, password: cache.application, ca };
    return present;
  };
};
