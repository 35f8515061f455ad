/** A person's command to the cache, carried out inside a keeper's pod: `holdfast cache`, in the lab and elsewhere. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** How kubectl is called: program, kubeconfig or context. */
export interface Kubectl {
  readonly program: string;
  readonly args: readonly string[];
  readonly namespace: string;
}

export interface KeeperAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A keeper on a node that is gone does not answer, and Kubernetes needs the better part of a minute to know. */
const EXEC_TIMEOUT_MS = 40_000;
const CONNECT_PROBE_MS = 5_000;

const kubectl = ({ program, args, namespace }: Kubectl, more: readonly string[], timeout: number): Promise<KeeperAnswer> =>
  new Promise((resolve) => {
    execFile(program, [...args, '-n', namespace, ...more], { timeout, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr: stderr || (error?.message ?? '') });
    });
  });

/** No keeper could be asked. */
export class NoKeeperError extends Error {}

/** Names of the keepers' pods. @throws NoKeeperError */
const keepers = async (how: Kubectl): Promise<readonly string[]> => {
  const found = await kubectl(how, ['get', 'pods', '-l', 'app.kubernetes.io/name=cache-keeper', '-o', 'name'], CONNECT_PROBE_MS * 2);
  if (found.code !== 0) throw new NoKeeperError(`the Kubernetes API does not tell where the keepers are: ${found.stderr.trim()}`);
  const names = found.stdout.split('\n').filter((line) => line !== '');
  if (names.length === 0) throw new NoKeeperError(`there is no pod cache-keeper in namespace ${how.namespace}: does this environment have a cache?`);
  return names;
};

/** @throws Error when the pod does not answer */
const probe = async (how: Kubectl, pod: string): Promise<void> => {
  const { code, stderr } = await kubectl(how, ['exec', pod, '--', 'true'], CONNECT_PROBE_MS);
  if (code !== 0) throw new Error(`${pod}: ${stderr.trim() || 'no answer'}`);
};

/** A keeper that has not answered for so long may be on a dead node: the next one is asked as well. */
const NEXT_PROBE_AFTER_MS = 1_500;

/** In the keeper that answers first: one on a dead node is not waited for. @throws NoKeeperError when none does */
export const runInKeeper = async (how: Kubectl, args: readonly string[]): Promise<KeeperAnswer> => {
  let found = false;
  const probes = (await keepers(how)).map(async (pod, i) => {
    for (let waited = 0; waited < i * NEXT_PROBE_AFTER_MS && !found; waited += 100) await sleep(100);
    if (found) throw new Error(`${pod}: not asked, another one has answered`);
    await probe(how, pod);
    found = true;
    return pod;
  });
  const alive = await Promise.any(probes).catch((error: unknown) => {
    const reasons = error instanceof AggregateError ? error.errors.map(String).join('; ') : String(error);
    throw new NoKeeperError(`no keeper answers: ${reasons}`);
  });
  return kubectl(how, ['exec', alive, '--', 'node', '/opt/holdfast/cache-keeper.js', ...args], EXEC_TIMEOUT_MS);
};
