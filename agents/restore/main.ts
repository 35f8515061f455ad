/**
 * restore: a restore in place from within the cluster; what `holdfast restore --as-job` starts. Its log tells what it does; the exit code is 0 when it is done.
 *
 *   restore in-place AT [exclusive] [backup=LABEL] | resume | undo | confirm | status
 */
import { readFileSync } from 'node:fs';
import type { RestoreCluster } from '../../lib/operations/restore/plan';
import { parseTarget } from '../../lib/operations/restore/target';
import { confirm, restoreInPlace, resumeRestore, undo } from './in-place';
import { inCluster, Kubernetes } from './kubernetes';
import { RequestStore } from './request';

const CONFIGURATION = '/etc/restore/cluster.json';
const say = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);

const main = async (argv: readonly string[]): Promise<object> => {
  const cluster = JSON.parse(readFileSync(CONFIGURATION, 'utf8')) as RestoreCluster;
  const api = new Kubernetes(inCluster(process.env));
  const options = { cluster, onLine: say };
  const [command = 'status', at = '', ...more] = argv;
  try {
    switch (command) {
      case 'in-place': {
        const backup = more.find((m) => m.startsWith('backup='))?.slice('backup='.length);
        return await restoreInPlace(api, { ...options, target: parseTarget(at, more.includes('exclusive')), ...(backup === undefined ? {} : { backup }) });
      }
      case 'resume':
        return await resumeRestore(api, options);
      case 'undo':
        await undo(api, options);
        return { undone: true };
      case 'confirm':
        await confirm(api, options);
        return { confirmed: true };
      case 'status':
        return { request: (await new RequestStore(api, cluster).read()) ?? null };
      default:
        throw new Error(`unknown command "${command}"; allowed: in-place, resume, undo, confirm, status`);
    }
  } finally {
    api.close();
  }
};

main(process.argv.slice(2)).then(
  (result) => say(`\nholdfast-result ${JSON.stringify({ ok: true, ...result })}`),
  (error: unknown) => {
    say(`\nholdfast-result ${JSON.stringify({ ok: false, error: error instanceof Error ? error.message : String(error) })}`);
    process.exitCode = 1;
  },
);
