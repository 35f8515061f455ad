/** The lab's power switches: what a data centre's staff, or EC2, is in production. */
import { stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { netnsPath } from './hosts/network';
import { runControlPlane } from './kubernetes/control-plane';
import { clearNode, startNode } from './kubernetes/node';
import { livePid, processFile } from './processes';
import type { LabSettings } from './settings';
import { readState } from './state';

export interface MachinePower {
  readonly on: boolean;
  /** When it was switched on, milliseconds since the epoch. */
  readonly since: number | null;
}

/** @returns null for a machine that isn't one of this lab's */
export const powerOf = async (lab: LabSettings, machine: string): Promise<MachinePower | null> => {
  if (!lab.nodes.some(({ name }) => name === machine)) return null;
  if ((await livePid(lab, machine)) === undefined) return { on: false, since: null };
  return { on: true, since: (await stat(processFile(lab, machine))).mtimeMs };
};

/** Nothing happens to one that is on. */
export const switchOn = async (lab: LabSettings, machine: string): Promise<void> => {
  const node = lab.nodes.find(({ name }) => name === machine);
  if (node === undefined) throw new Error(`lab "${lab.name}" has no machine "${machine}"; it has ${lab.nodes.map(({ name }) => name).join(', ')}`);
  if ((await livePid(lab, machine)) !== undefined) return;
  await clearNode(node);
  await startNode(lab, node, (await readState(lab)).binaries);
};

/** Nothing happens when it runs. */
export const startStoppedControlPlane = async (lab: LabSettings): Promise<void> => {
  if ((await livePid(lab, 'control-plane')) === undefined) await runControlPlane(lab, (await readState(lab)).binaries);
};

/** Was up, and has everything that is needed to come back, whatever of it runs now. */
export const canComeBack = async (lab: LabSettings): Promise<boolean> => {
  if (!existsSync(lab.directory) || !existsSync(netnsPath(lab.controlPlane.netns))) return false;
  return (await readState(lab)).phase === 'up';
};
