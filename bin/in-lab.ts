/** For commands that work on a lab's cluster: they run themselves again inside its network, and talk to its API server there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kubernetes } from '../agents/restore/kubernetes';
import { isInside, runInside } from '../lab/inside';
import { adminKubeconfig } from '../lab/kubernetes/control-plane';
import type { LabSettings } from '../lab/settings';
import { requireUp } from './commands/lab';
import { settingsOf } from './prepare-lab';

interface Kubeconfig {
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

const clusterOf = (lab: LabSettings): Kubernetes => {
  const { users } = JSON.parse(readFileSync(adminKubeconfig(lab), 'utf8')) as Kubeconfig;
  return new Kubernetes({
    host: lab.controlPlane.address,
    port: 6443,
    ca: readFileSync(join(lab.directory, 'certs', 'ca.crt')),
    token: users[0]?.user.token ?? '',
  });
};

/** @param argv the command line, for the run inside. @returns the exit code */
export const inLab = async (name: string, argv: readonly string[], work: (lab: LabSettings, api: Kubernetes) => Promise<number>): Promise<number> => {
  const lab = settingsOf(name);
  await requireUp(lab);
  if (!isInside(lab)) return runInside(lab, argv);
  const api = clusterOf(lab);
  try {
    return await work(lab, api);
  } finally {
    api.close();
  }
};
