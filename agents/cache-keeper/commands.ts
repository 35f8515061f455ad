/** A person's commands. They run inside the cluster, where names resolve and passwords are; `holdfast cache` calls them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheKeeperConfig } from '../../lib/services/cache-keeper';
import type { Log } from '../follower/log';
import { carryOut, carryOutByPod } from './act';
import type { Connections } from './connections';
import { decide } from './decide';
import { observe, observeWithoutSuspects } from './observe';
import { clearSessions, type ClearOptions } from './sessions';
import { masterOf } from './sight';
import { statusOf, statusText } from './status';
import { describeStep, type Step } from './steps';
import { planTakeover } from './takeover';

/** As the command line's exit codes. */
const OK = 0;
const FAILED = 1;

export interface Session {
  readonly config: CacheKeeperConfig;
  readonly connections: Connections;
  readonly json: boolean;
  readonly print: (text: string) => void;
  readonly log: Log;
}

const show = (session: Session, value: object, text: string): void => session.print(session.json ? `${JSON.stringify(value, null, 2)}\n` : text);

const stepLines = (steps: readonly Step[]): string => steps.map((step) => `${describeStep(step)}: ${step.because}\n`).join('');

export const status = async (session: Session): Promise<number> => {
  const found = statusOf(await observe(session.connections, session.config), session.config, new Date());
  show(session, found, statusText(found));
  return found.complaints.length === 0 ? OK : FAILED;
};

/** How often `fix` looks again, and how long it waits for what it did to arrive everywhere. */
const FIX_ROUNDS = 20;
const FIX_PAUSE_MS = 500;

/** What the keeper does by itself, at once, and the masters led home without waiting. */
export const fix = async (session: Session, options: { readonly dryRun: boolean }): Promise<number> => {
  const { config, connections, log } = session;
  const done: Step[] = [];
  for (let round = 0; round < FIX_ROUNDS; round++) {
    const look = await observe(connections, config);
    const steps = decide(look, config, Infinity);
    if (steps.length === 0 || options.dryRun) {
      const { complaints } = statusOf(look, config, new Date());
      const planned = options.dryRun ? steps : [];
      const left = complaints.length === 0 ? 'healthy\n' : `left: ${complaints.join('; ')}\n`;
      show(session, { done, planned, complaints }, `${stepLines(planned)}${done.length === 0 && planned.length === 0 ? 'nothing to fix\n' : ''}${left}`);
      return complaints.length === 0 || planned.length > 0 ? OK : FAILED;
    }
    await carryOut(connections, config, look, steps, log);
    done.push(...steps);
    await sleep(FIX_PAUSE_MS);
  }
  show(
    session,
    { done, planned: [], complaints: ['not finished'] },
    `not finished after ${FIX_ROUNDS} rounds: run it again, and see \`holdfast cache status\`\n`,
  );
  return FAILED;
};

export const takeover = async (session: Session, options: { readonly confirmed: boolean; readonly dryRun: boolean }): Promise<number> => {
  const { config, connections, log } = session;
  const look = await observeWithoutSuspects(connections, config, (seconds) => sleep(seconds * 1000));
  const plan = planTakeover(look, config, options.confirmed || options.dryRun);
  if (plan.kind !== 'steps') {
    show(session, { result: plan.kind, because: plan.because, steps: [] }, `${plan.kind === 'nothing' ? 'nothing to do' : 'refused'}: ${plan.because}\n`);
    return plan.kind === 'nothing' ? OK : FAILED;
  }
  const accepted = options.dryRun || (await carryOutByPod(connections, config, look, plan.steps, log));
  show(session, { result: options.dryRun ? 'planned' : accepted ? 'done' : 'incomplete', because: '', steps: plan.steps }, stepLines(plan.steps));
  return accepted ? OK : FAILED;
};

export const clear = async (session: Session, options: ClearOptions): Promise<number> => {
  const { config, connections } = session;
  const look = await observe(connections, config);
  const masters = Array.from({ length: config.shards }, (_, shard) => masterOf(look, shard, config.shards)?.pod.name);
  const known = masters.filter((name) => name !== undefined);
  if (known.length < masters.length) {
    show(session, { result: 'refused' }, 'refused: a shard has no master that answers; see `holdfast cache status`\n');
    return FAILED;
  }
  const result = await clearSessions(connections, known, options);
  const verb = options.dryRun ? 'would be removed' : 'removed';
  const count = options.dryRun ? (result.corrupt ?? result.scanned) : result.removed;
  show(
    session,
    { ...result, dryRun: options.dryRun },
    `${result.scanned} sessions found, ${result.corrupt === null ? '' : `${result.corrupt} corrupt, `}${count} ${verb}\n${result.examples.map((key) => `  ${key}\n`).join('')}`,
  );
  return OK;
};
