/** The process of one region's edge: its functions and its entrance. One argument: the file with its configuration. */
import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { FunctionHost, serveFunctions } from '../aws/function-host';
import { messageOf } from '../meter/emit';
import { Entrance } from './entrance';
import type { RegionEdgeConfiguration } from './outside-configuration';

const log = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);

const main = async (): Promise<void> => {
  const config = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as RegionEdgeConfiguration;
  // Of a process that was killed with its region.
  if (existsSync(config.functions)) unlinkSync(config.functions);
  const host = new FunctionHost({ worker: config.worker, environment: config.functionEnvironment, log });
  await serveFunctions(host, config.functions);
  await Entrance.open({ ...config.entrance, onChange: (ready, because) => log(`entrance ${ready ? 'ready' : 'not ready'}: ${because}`) });
  log('ready');
};

main().catch((error: unknown) => {
  process.stderr.write(`edge: ${messageOf(error)}\n`);
  process.exit(1);
});
