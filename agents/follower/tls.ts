import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { reasonOf, type Log } from './log';

export interface TlsPaths {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

interface Material {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

const read = (paths: TlsPaths): Material => ({
  ca: readFileSync(paths.ca, 'utf8'),
  ...(paths.cert === undefined ? {} : { cert: readFileSync(paths.cert, 'utf8') }),
  ...(paths.key === undefined ? {} : { key: readFileSync(paths.key, 'utf8') }),
});

/** Gives the agent to make a request with. */
export type AgentSource = () => Agent;

const CHECK_EVERY_MS = 2_000;
/** Requests under way with old certificates may end for so long. */
const LAST_REQUESTS_MS = 10_000;

export interface AgentOptions {
  readonly keepAlive: boolean;
  /** False: the chain is verified, the name is not (members of PostgreSQL are known by address). */
  readonly verifyName: boolean;
  readonly lookup?: LookupFunction;
}

/**
 * An agent whose certificates follow their files: cert-manager renews them while the follower runs.
 * @throws Error at once when a file can't be read; later such a failure is logged and the old certificates stay in use
 */
export const agentSource = (paths: TlsPaths, options: AgentOptions, log: Log, now: () => number): AgentSource => {
  const make = (material: Material): Agent =>
    new Agent({
      ...material,
      keepAlive: options.keepAlive,
      ...(options.lookup === undefined ? {} : { lookup: options.lookup }),
      ...(options.verifyName ? {} : { checkServerIdentity: () => undefined }),
    });
  let material = read(paths);
  let agent = make(material);
  let checkedAt = now();
  return () => {
    if (now() - checkedAt < CHECK_EVERY_MS) return agent;
    checkedAt = now();
    try {
      const next = read(paths);
      if (JSON.stringify(next) === JSON.stringify(material)) return agent;
      const old = agent;
      setTimeout(() => old.destroy(), LAST_REQUESTS_MS).unref();
      material = next;
      agent = make(material);
      log('certificates reloaded', `${paths.ca} or its companions changed`);
    } catch (error) {
      log('certificates not reloaded', reasonOf(error));
    }
    return agent;
  };
};

const FRESH_MS = 5_000;
const PATIENCE_MS = 250;

type Resolve = (hostname: string, callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void) => void;
const resolveAll: Resolve = (hostname, callback) => systemLookup(hostname, { all: true }, callback);

/**
 * A name lookup that remembers: when the resolver is silent (its node died too), the last known addresses are used after a quarter of a second.
 * At most one question per name is under way, so that a silent resolver can't fill Node's four threads.
 */
export const rememberingLookup = (now: () => number, resolve: Resolve = resolveAll): LookupFunction => {
  const known = new Map<string, { readonly addresses: LookupAddress[]; readonly at: number }>();
  const asking = new Map<string, Promise<LookupAddress[]>>();
  const ask = (hostname: string): Promise<LookupAddress[]> => {
    const running = asking.get(hostname);
    if (running) return running;
    const question = new Promise<LookupAddress[]>((done, fail) => {
      resolve(hostname, (error, addresses) => {
        asking.delete(hostname);
        if (error) return fail(error);
        known.set(hostname, { addresses, at: now() });
        done(addresses);
      });
    });
    asking.set(hostname, question);
    return question;
  };
  const addressesOf = async (hostname: string): Promise<LookupAddress[]> => {
    const remembered = known.get(hostname);
    if (!remembered) return ask(hostname);
    if (now() - remembered.at < FRESH_MS) return remembered.addresses;
    return Promise.race([ask(hostname).catch(() => remembered.addresses), after(PATIENCE_MS, remembered.addresses)]);
  };
  return (hostname, options, callback) => {
    addressesOf(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), ''),
    );
  };
};

const after = <T>(ms: number, value: T): Promise<T> => new Promise((done) => setTimeout(done, ms, value));
