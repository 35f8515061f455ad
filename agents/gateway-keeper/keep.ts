/** Looks at the files once a second, and tells the gateway what has changed; and everything when the gateway is a new one. */
import { readFile } from 'node:fs/promises';
import type { GatewayKeeperConfig } from '../../lib/services/gateway-keeper';
import { type Log, reasonOf } from '../follower/log';
import { processOf, type Send, setBlocklist, setCertificate, setLimit } from './runtime';
import { wantedBlocklist, wantedCertificate, wantedEmergency } from './wanted';

/** What the keeper carries. */
export const CARGOES = ['certificate', 'blocklist', 'limits'] as const;
export type Cargo = (typeof CARGOES)[number];

/** What the pages and the metrics show. */
export interface KeeperState {
  /** The HAProxy that was told. */
  process: string | null;
  /** What it was told, by a fingerprint of each. */
  readonly told: Map<Cargo, string>;
  /** Why something was not told. */
  readonly problems: Map<Cargo, string>;
  readonly applied: Map<Cargo, number>;
  notAfter: Date | null;
  blocked: number | null;
  emergency: boolean | null;
  /** Milliseconds of the monotonic clock. */
  turnedAt: number;
}

export const newState = (): KeeperState => ({
  process: null,
  told: new Map(),
  problems: new Map(),
  applied: new Map(),
  notAfter: null,
  blocked: null,
  emergency: null,
  turnedAt: 0,
});

/** The gateway has everything that is to be there. */
export const isComplete = (state: KeeperState): boolean =>
  state.process !== null && state.problems.size === 0 && CARGOES.every((cargo) => state.told.has(cargo));

interface Delivery {
  readonly fingerprint: string;
  readonly deliver: () => Promise<void>;
  /** Once it is there. */
  readonly note: () => void;
}

type Preparations = Readonly<Record<Cargo, () => Promise<Delivery>>>;

const text = (file: string): Promise<string> => readFile(file, 'utf8');
/** People and commands make these files when they have something to say. */
const textOr = (file: string, missing: string): Promise<string> =>
  text(file).catch((error: unknown) => {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return missing;
    throw error;
  });

const preparations = ({ files, names, ...config }: GatewayKeeperConfig, send: Send, state: KeeperState): Preparations => ({
  certificate: async () => {
    const wanted = wantedCertificate(await text(files.certificate), await text(files.key), new Date());
    return {
      fingerprint: wanted.fingerprint,
      deliver: () => setCertificate(send, files.certificate, wanted.pem),
      note: () => (state.notAfter = wanted.notAfter),
    };
  },
  blocklist: async () => {
    const entries = wantedBlocklist((await Promise.all(files.blocklists.map((file) => textOr(file, '')))).join('\n'), new Date());
    return { fingerprint: entries.join(' '), deliver: () => setBlocklist(send, names.blocklist, entries), note: () => (state.blocked = entries.length) };
  },
  limits: async () => {
    const emergency = wantedEmergency(await textOr(files.switches, '{}'));
    return {
      fingerprint: String(emergency),
      deliver: () => setLimit(send, names.limits, names.addressLimit, emergency ? config.emergencyAddressLimit : null),
      note: () => (state.emergency = emergency),
    };
  },
});

const carry = async (cargo: Cargo, prepare: () => Promise<Delivery>, state: KeeperState, log: Log): Promise<void> => {
  try {
    const delivery = await prepare();
    if (state.told.get(cargo) !== delivery.fingerprint) {
      await delivery.deliver();
      state.told.set(cargo, delivery.fingerprint);
      state.applied.set(cargo, (state.applied.get(cargo) ?? 0) + 1);
      delivery.note();
      log(`${cargo} told`, `the gateway ${state.process ?? ''} has it`);
    }
    state.problems.delete(cargo);
  } catch (error) {
    const reason = reasonOf(error);
    if (state.problems.get(cargo) !== reason) log(`${cargo} not told`, reason);
    state.problems.set(cargo, reason);
  }
};

/** One look. A gateway that is not there yet, or restarts, is waited for. */
export const look = async (config: GatewayKeeperConfig, send: Send, state: KeeperState, log: Log): Promise<void> => {
  try {
    const process = await processOf(send);
    if (process !== state.process) {
      state.told.clear();
      state.process = process;
    }
  } catch (error) {
    if (state.process !== null) log('gateway away', reasonOf(error));
    state.process = null;
    state.told.clear();
    return;
  }
  const prepare = preparations(config, send, state);
  for (const cargo of CARGOES) await carry(cargo, prepare[cargo], state, log);
};
