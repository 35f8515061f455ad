/** PgBouncer's users and certificates change while it runs: it is told to read its files again, and says who is still logged in as whom. */
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { AdminConsole } from './admin-console';
import { reasonOf, type Log } from './log';

/** Who is logged in at PgBouncer, seen at a time. */
export interface Clients {
  /** Milliseconds of the monotonic clock. */
  readonly at: number;
  readonly byUser: Readonly<Record<string, number>>;
}

export interface CredentialsPorts {
  readonly directories: readonly string[];
  readonly database: string;
  /** Of its own: its commands must not come between those of a switch. */
  readonly console: AdminConsole;
  readonly log: Log;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly seen: (clients: Clients) => void;
  readonly reloaded: () => void;
  readonly stop: AbortSignal;
}

const CHECK_EVERY_MS = 500;
const COUNT_EVERY_MS = 2_000;

/** The kubelet replaces the link `..data` when any file of the directory changes. Empty: nothing that a kubelet filled. */
export const versionsOf = (directories: readonly string[]): string =>
  directories
    .map((directory) => {
      try {
        return readlinkSync(join(directory, '..data'));
      } catch {
        return ''; // not a mounted volume, or being replaced this very moment
      }
    })
    .join(' ');

/** Watches until `stop`; a reload that failed is tried again. */
export const credentialsLoop = async (ports: CredentialsPorts): Promise<void> => {
  const { directories, console, log, now, sleep, stop } = ports;
  let [loaded, countedAt] = [versionsOf(directories), -Infinity];
  while (!stop.aborted) {
    const present = versionsOf(directories);
    try {
      if (present !== loaded) {
        await untilQuiet(ports);
        await console.query('RELOAD');
        loaded = present;
        ports.reloaded();
        log('PgBouncer reloaded', 'its users or certificates changed');
      }
      if (now() - countedAt >= COUNT_EVERY_MS) {
        const rows = await console.query('SHOW CLIENTS');
        countedAt = now();
        ports.seen({ at: countedAt, byUser: countByUser(rows, ports.database) });
      }
    } catch (error) {
      log('PgBouncer not asked', reasonOf(error));
    }
    await sleep(CHECK_EVERY_MS);
  }
};

const QUIET_TRIES = 40;
const QUIET_EVERY_MS = 50;

/**
 * A RELOAD replaces PgBouncer's TLS configuration, and one that comes in the middle of a handshake can end the process (seen with 1.24.1: segmentation fault): it waits
 * for a moment in which nobody logs in, two seconds at most.
 */
const untilQuiet = async ({ console, sleep }: CredentialsPorts): Promise<void> => {
  for (let tries = 0; tries < QUIET_TRIES; tries++) {
    const sockets = await console.query('SHOW SOCKETS');
    if (!sockets.some((socket) => socket['state'] === 'login' || socket['state'] === 'new')) return;
    await sleep(QUIET_EVERY_MS);
  }
};

const countByUser = (rows: readonly Readonly<Record<string, unknown>>[], database: string): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const row of rows) {
    if (row['database'] !== database || typeof row['user'] !== 'string') continue;
    counts[row['user']] = (counts[row['user']] ?? 0) + 1;
  }
  return counts;
};
