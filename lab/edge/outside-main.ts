/** The process outside the workload regions. One argument: the file with its configuration. */
import { readFileSync } from 'node:fs';
import { provision, warmUp } from '../aws/provision';
import { until } from '../exec';
import { callEmulator } from '../aws/emulator-client';
import { messageOf } from '../meter/emit';
import { serveControl } from './control';
import type { OutsideConfiguration } from './outside-configuration';
import { Outside } from './outside';

const log = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);

const main = async (): Promise<void> => {
  const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as OutsideConfiguration;
  const port = config.emulatorPort;
  await until('the emulated AWS', 30, () =>
    callEmulator(port, { region: 'us-east-1', service: 'moto', method: 'GET', path: '/moto-api/data.json' }).then(() => true),
  );
  await provision(port, config.resources, config.secrets);
  const { functions, machines, tables, buckets, schedules } = config.resources;
  log(
    `provisioned: ${functions.length} functions, ${machines.length} state machines, ${tables.length} tables, ${buckets.length} buckets, ${schedules.length} schedules`,
  );
  const outside = new Outside(config);
  await outside.open(log);
  await warmUp(port, [...new Set(machines.map(({ region }) => region))]);
  // Last: whoever can reach the socket finds everything else ready.
  await serveControl(outside, config.control);
  log('ready');
};

main().catch((error: unknown) => {
  process.stderr.write(`outside: ${messageOf(error)}\n`);
  process.exit(1);
});
