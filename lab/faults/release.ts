/** A release that a drill deployed in place of another, and how the one before it comes back, whoever does it. */
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { APPLICATION_NAMESPACE } from '../../lib/topology/derive';
import { run } from '../exec';
import { inNetns } from '../hosts/network';
import { adminKubeconfig } from '../kubernetes/control-plane';
import type { LabSettings } from '../settings';

interface Before {
  readonly rollout: string;
  readonly containers: readonly unknown[];
}

const mark = (lab: LabSettings): string => join(lab.directory, 'release-before.json');

/** @throws Error when there is a mark already: what it says would be lost */
export const markRelease = async (lab: LabSettings, rollout: string, containers: readonly unknown[]): Promise<void> => {
  if (existsSync(mark(lab))) throw new Error('a release was deployed by a drill and has not been put back: the dead man’s timer of that drill is about to');
  await writeFile(mark(lab), JSON.stringify({ rollout, containers } satisfies Before));
};

/** @returns whether there was anything to put back */
export const restoreRelease = async (lab: LabSettings, patch: (rollout: string, change: object) => Promise<void>): Promise<boolean> => {
  if (!existsSync(mark(lab))) return false;
  const { rollout, containers } = JSON.parse(await readFile(mark(lab), 'utf8')) as Before;
  await patch(rollout, { spec: { template: { spec: { containers } } } });
  await rm(mark(lab), { force: true });
  return true;
};

/** From outside the lab's network: for the dead man's timer. */
export const restoreReleaseByCommand = (lab: LabSettings, binaries: string): Promise<boolean> =>
  restoreRelease(lab, async (rollout, change) => {
    const kubectl = [join(binaries, 'kubectl'), '--kubeconfig', adminKubeconfig(lab), '-n', APPLICATION_NAMESPACE];
    await run(inNetns(lab.controlPlane.netns, [...kubectl, 'patch', 'rollout', rollout, '--type', 'merge', '-p', JSON.stringify(change)]));
  });
