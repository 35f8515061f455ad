/** Pods that were told to misbehave (the reference backend's `/faults`), and how they are told to stop, whoever does it. */
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exec';
import { inNetns } from '../hosts/network';
import type { LabSettings } from '../settings';

const mark = (lab: LabSettings): string => join(lab.directory, 'misbehaving.json');
const ANSWER_MS = 3000;

const told = async (lab: LabSettings): Promise<readonly string[]> =>
  existsSync(mark(lab)) ? (JSON.parse(await readFile(mark(lab), 'utf8')) as readonly string[]) : [];

/** What a pod can be told: see examples/backend/faults.ts. */
export interface Misbehaviour {
  readonly leak?: number;
  readonly errorPercent?: number;
  readonly latencyMs?: number;
  readonly unready?: boolean;
  readonly drainPerSecond?: number;
  readonly clockOffsetMs?: number;
  readonly compareLimits?: boolean;
}

/**
 * Tells a pod how to misbehave from now on; noted first.
 * @param base for example `http://10.50.101.7:8080`
 * @throws Error when it does not do so
 */
export const misbehave = async (lab: LabSettings, base: string, misbehaviour: Misbehaviour): Promise<void> => {
  await writeFile(mark(lab), JSON.stringify([...new Set([...(await told(lab)), base])]));
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${base}/faults`, { method: 'POST', headers, body: JSON.stringify(misbehaviour), signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok) throw new Error(`${base}/faults: ${answer.status} ${await answer.text()}`);
};

/** One who is gone needs not be told: what replaces it behaves. */
const FORGIVE = `Promise.allSettled(process.argv.slice(1).map((base) => fetch(base + '/faults', { method: 'DELETE', signal: AbortSignal.timeout(${ANSWER_MS}) })))`;

/** From outside the lab's network too: for the dead man's timer. @returns how many pods had been told */
export const behaveAgain = async (lab: LabSettings): Promise<number> => {
  const bases = await told(lab);
  if (bases.length > 0) await run(inNetns(lab.controlPlane.netns, [process.execPath, '-e', FORGIVE, ...bases]));
  await rm(mark(lab), { force: true });
  return bases.length;
};
