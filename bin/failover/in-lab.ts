/** The same commands against a lab: within its network, with the AWS that runs there. */
import { join } from 'node:path';
import { AWS_ENDPOINT, DNS_ADDRESS } from '../../lab/aws/settings';
import { outsideOf } from '../../lab/edge/settings';
import { isInside, runProgramInside } from '../../lab/inside';
import type { LabSettings } from '../../lab/settings';
import { environmentOfLab } from '../../lab/state';
import { NotUpError } from '../commands/lab';
import { settingsOf } from '../prepare-lab';
import type { World } from './world';

/** Anything: the emulated AWS asks for some, and looks at none. */
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'lab', AWS_SECRET_ACCESS_KEY: 'lab', AWS_SESSION_TOKEN: '' };

const environmentInside = (lab: LabSettings): NodeJS.ProcessEnv => ({
  ...CREDENTIALS,
  ...process.env,
  HOLDFAST_INSIDE: lab.name,
  AWS_ENDPOINT_URL: AWS_ENDPOINT,
  HOLDFAST_S3_PATH_STYLE: '1',
  NODE_EXTRA_CA_CERTS: join(lab.directory, 'certs', 'ca.crt'),
});

/** @param argv the command line, for the run inside. @throws NotUpError or UsageError */
export const inFailoverLab = async (
  name: string,
  argv: readonly string[],
  work: (world: World, servers: readonly string[]) => Promise<number>,
): Promise<number> => {
  if (environmentOfLab(name) === undefined)
    throw new NotUpError(`lab "${name}" is not running; start it with \`holdfast lab up --environment lab-failover --lab ${name}\``);
  const lab = settingsOf(name);
  const { connect, withFailover } = await import('./world');
  withFailover(lab.environment);
  if (!isInside(lab)) {
    // From where AWS is, which no drill cuts off.
    const outside = { ...lab, inside: outsideOf(lab).netns };
    return runProgramInside(outside, [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...argv], environmentInside(lab));
  }
  return work(await connect(lab.environment), [DNS_ADDRESS]);
};
