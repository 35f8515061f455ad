/** The same commands against a lab: within its network, with the AWS that runs there. */
import { join } from 'node:path';
import { LAB_KEY } from '../../lab/aws/front-proxy';
import type { Person } from '../../lab/aws/people';
import { AWS_ENDPOINT, DNS_ADDRESS } from '../../lab/aws/settings';
import { askOutside } from '../../lab/edge/control';
import { outsideOf } from '../../lab/edge/settings';
import { isInside, runProgramInside } from '../../lab/inside';
import type { LabSettings } from '../../lab/settings';
import { environmentOfLab } from '../../lab/state';
import { NotUpError } from '../commands/lab';
import { settingsOf } from '../prepare-lab';
import type { World } from './world';

/** The lab's own: nobody in particular. Whatever AWS the caller has credentials for, they don't belong into a lab. */
const NOBODY: Pick<Person, 'accessKeyId' | 'secretAccessKey'> = { accessKeyId: LAB_KEY, secretAccessKey: LAB_KEY };

const environmentInside = (lab: LabSettings, { accessKeyId, secretAccessKey }: typeof NOBODY): NodeJS.ProcessEnv => ({
  ...process.env,
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_SESSION_TOKEN: '',
  AWS_PROFILE: undefined,
  HOLDFAST_INSIDE: lab.name,
  AWS_ENDPOINT_URL: AWS_ENDPOINT,
  HOLDFAST_S3_PATH_STYLE: '1',
  NODE_EXTRA_CA_CERTS: join(outsideOf(lab).directory, 'ca.crt'),
});

/**
 * @param person in whose name; he is created. undefined: nobody in particular
 * @param argv the command line, for the run inside. @throws NotUpError or UsageError
 */
export const inFailoverLab = async (
  name: string,
  person: string | undefined,
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
    const who = person === undefined ? NOBODY : ((await askOutside(outsideOf(lab).control, '/person', person)) as Person);
    return runProgramInside(outside, [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...argv], environmentInside(lab, who));
  }
  return work(await connect(lab.environment), [DNS_ADDRESS]);
};
