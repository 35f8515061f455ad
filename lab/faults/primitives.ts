/** What can be done to a lab, each with its undoing in `heal.ts`. All of it acts on namespaces, control groups and processes of this lab only. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exec';
import { cutNetwork, cutWire, inNetns, type Cut } from '../hosts/network';
import { programPid, type Program } from '../hosts/processes-in-pods';
import { clearNode, killNode } from '../kubernetes/node';
import { livePid } from '../processes';
import type { LabSettings, NodeSettings } from '../settings';

export const NODE_FAULTS = 'holdfast_node';
export const FILLER = 'filler.holdfast';

/** `reset`: peers hear that the processes are gone. `cut-first`: the wire goes first, and nobody hears anything. */
export const loseNode = async (lab: LabSettings, node: NodeSettings, wire: 'reset' | 'cut-first'): Promise<void> => {
  if (wire === 'cut-first') await cutWire(lab, node);
  await killNode(lab, node);
  if (wire === 'cut-first') await clearNode(node);
};

/** Packets between this node and everything else. */
export const isolateNode = (lab: LabSettings, node: NodeSettings, how: Cut['how']): Promise<void> =>
  cutNetwork(lab, [
    { match: `iifname br${node.index}`, how },
    { match: `oifname br${node.index}`, how },
  ]);

/** Patroni alone, or PostgreSQL with all of its processes. */
export const signalProgram = async (node: NodeSettings, program: Program, signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> => {
  const pid = await programPid(node.cgroup, program);
  const all = program === 'postgres' ? [pid, ...childrenOf(pid)] : [pid];
  for (const one of all) sendSignal(one, signal);
};

/** To a process that may have ended meanwhile. */
const sendSignal = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

/** Everything that runs on the node: its own services and all of its pods. */
export const nodeProcesses = async (lab: LabSettings, node: NodeSettings): Promise<number[]> => {
  const root = await livePid(lab, node.name);
  if (root === undefined) return [];
  const mine = pidNamespacesBelow(root);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && mine.has(pidNamespace(pid)));
};

const pidNamespace = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return ''; // ended
  }
};

/** Pid namespaces of all descendants of the node's first process (which itself is in the host's). */
const pidNamespacesBelow = (root: number): ReadonlySet<string> => {
  const host = pidNamespace(root);
  const found = new Set<string>();
  const visit = (pid: number): void => {
    for (const child of childrenOf(pid)) {
      const namespace = pidNamespace(child);
      if (namespace !== '' && namespace !== host) found.add(namespace);
      visit(child);
    }
  };
  visit(root);
  return found;
};

const childrenOf = (pid: number): number[] => {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return []; // ended
  }
};

/** The whole machine stops: nothing runs, and nothing answers (a stopped machine's kernel would not acknowledge packets either). */
export const freezeNode = async (lab: LabSettings, node: NodeSettings): Promise<void> => {
  await isolateNode(lab, node, 'drop');
  await signalNode(lab, node, 'SIGSTOP');
};

export const signalNode = async (lab: LabSettings, node: NodeSettings, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> => {
  for (const pid of await nodeProcesses(lab, node)) sendSignal(pid, signal);
};

/** Rules of a node's own forwarding: every packet of its pods passes them, also those between two of its pods. */
const nodeRules = async (node: NodeSettings, rules: readonly string[]): Promise<void> => {
  const table = [`add table ip ${NODE_FAULTS}`, `add chain ip ${NODE_FAULTS} faults { type filter hook forward priority 0; policy accept; }`];
  await run(inNetns(node.netns, ['nft', [...table, ...rules.map((rule) => `add rule ip ${NODE_FAULTS} faults ${rule}`)].join('; ')]));
};

const VERDICTS: Readonly<Record<Cut['how'], readonly string[]>> = { drop: ['drop'], reset: ['meta l4proto tcp reject with tcp reset', 'reject'] };

/** One pod's traffic is refused, as if its process were gone and stayed so; Kubernetes' own probes still pass. */
export const isolatePod = (node: NodeSettings, address: string): Promise<void> =>
  nodeRules(
    node,
    ['saddr', 'daddr'].flatMap((side) => VERDICTS.reset.map((verdict) => `ip ${side} ${address} ${verdict}`)),
  );

/** Packets between one pod of this node and some others, wherever those are. */
export const cutPodFrom = (node: NodeSettings, address: string, others: readonly string[], how: Cut['how']): Promise<void> => {
  const set = `{ ${others.join(', ')} }`;
  return nodeRules(
    node,
    VERDICTS[how].flatMap((verdict) => [`ip saddr ${address} ip daddr ${set} ${verdict}`, `ip saddr ${set} ip daddr ${address} ${verdict}`]),
  );
};

/** Fills the database's volume to the last block. */
export const fillDisk = async (node: NodeSettings): Promise<void> => {
  const pid = await programPid(node.cgroup, 'postgres');
  const path = join(`/proc/${pid}/root/var/lib/postgresql/data`, FILLER);
  // As much as there is: dd ends with "no space left", which is the point.
  await run(['sh', '-c', 'dd if=/dev/zero of="$1" bs=1M 2>/dev/null; dd if=/dev/zero of="$1.rest" bs=4k 2>/dev/null; :', 'sh', path]);
};

/** Fills the database's volume but for so much, from inside the node's mounts: the database need not run. */
export const leaveRoom = async (lab: LabSettings, node: NodeSettings, megabytes: number): Promise<void> => {
  const root = await livePid(lab, node.name);
  const inside = root === undefined ? undefined : childrenOf(root)[0];
  if (inside === undefined) throw new Error(`${node.name} does not run`);
  const script = 'free=$(($(stat -f -c "%a * %S" "$1"))); fallocate -l $((free - $3 * 1000000)) "$1/$2"';
  const folder = join(node.directory, 'volumes', 'postgres', 'data');
  await run(['nsenter', '-t', String(inside), '-m', 'sh', '-c', script, 'sh', folder, FILLER, String(megabytes)]);
};

/** Removes the filler from inside the node's mounts (the database need not run). */
export const emptyDisk = async (lab: LabSettings, node: NodeSettings): Promise<void> => {
  const root = await livePid(lab, node.name);
  if (root === undefined) return;
  const inside = childrenOf(root)[0];
  if (inside === undefined) return;
  const path = join(node.directory, 'volumes', 'postgres', 'data', FILLER);
  await run(['nsenter', '-t', String(inside), '-m', 'rm', '-f', path, `${path}.rest`]);
};

export const cordonMark = (lab: LabSettings): string => join(lab.directory, 'cordoned');
export const markCordoned = (lab: LabSettings, node: NodeSettings): Promise<void> => writeFile(cordonMark(lab), node.name);
export const isCordoned = (lab: LabSettings): boolean => existsSync(cordonMark(lab));
