/** The process beside the lab's certificate authority. One argument: the file with its configuration. */
import { readFileSync } from 'node:fs';
import { callEmulator } from '../aws/emulator-client';
import { until } from '../exec';
import { messageOf } from '../meter/emit';
import { openAuthority, type AuthorityConfiguration } from './authority';

const log = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);

const main = async (): Promise<void> => {
  const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as AuthorityConfiguration;
  await until('the emulated Route 53', 30, () =>
    callEmulator(config.emulatorPort, { region: 'us-east-1', service: 'moto', method: 'GET', path: '/moto-api/data.json' }).then(() => true),
  );
  await openAuthority(config, log);
  log('ready');
};

main().catch((error: unknown) => {
  process.stderr.write(`authority: ${messageOf(error)}\n`);
  process.exit(1);
});
