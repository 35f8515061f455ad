/** Runs one maintenance task to its end: `maintenance <configuration file> [--dry-run]`. Says what it does in lines of JSON. */
import { readFileSync } from 'node:fs';
import type { MaintenanceConfig } from '../../lib/services/maintenance';
import { connectToPrimary } from './primary';
import { runTask } from './run';

const USAGE = 'usage: maintenance <configuration file> [--dry-run]';
const BAD_USAGE = 2;

const log = (what: string, fields: Readonly<Record<string, unknown>> = {}): void =>
  void process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), what, ...fields })}\n`);

const main = async (): Promise<number> => {
  const [file, ...flags] = process.argv.slice(2);
  if (file === undefined || file.startsWith('-') || flags.some((flag) => flag !== '--dry-run')) {
    process.stderr.write(`${USAGE}\n`);
    return BAD_USAGE;
  }
  const config = JSON.parse(readFileSync(file, 'utf8')) as MaintenanceConfig;
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  const ports = {
    connect: () => connectToPrimary(config),
    clock: () => performance.now() / 1000,
    sleep: (seconds: number) => new Promise<void>((done) => setTimeout(done, seconds * 1000)),
    log: (what: string, fields?: Readonly<Record<string, unknown>>) => log(what, { task: config.task.name, ...fields }),
    stop: stop.signal,
  };
  await runTask(config, ports, flags.includes('--dry-run'));
  return 0;
};

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    log('failed', { because: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  },
);
