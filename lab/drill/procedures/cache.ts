/** How the drills of the cache are carried out. */
import { basename, join } from 'node:path';
import { judgeCache, OTHER_SHARDS_SECONDS } from '../../../lib/drill/cache/judge';
import type { CacheHistory } from '../../../lib/drill/cache/history';
import type { ProcedureOutcome } from '../../../lib/drill/procedure-run';
import { fail, pass, type Finding } from '../../../lib/drill/verdict';
import { MEMORY_FULL_SECONDS, TAKEOVER_AFTER_SECONDS } from '../../../lib/topology/budget/constants-cache';
import { NAMESPACE } from '../../../lib/topology/derive';
import type { CacheScenario } from '../../../lib/topology/scenarios';
import { fillerPattern, fillMemory, takeSessions, writeSessions } from '../../cache-tier/data';
import { runInKeeper, type KeeperAnswer, type Kubectl } from '../../cache-tier/keeper';
import { holdUntilServed, pause, runCacheDrill, type CacheFault, type CacheStage } from '../../cache-tier/stage';
import { cacheStatus } from '../../cache-tier/status';
import { isolateNode, isolatePod, loseNode } from '../../faults/primitives';
import { adminKubeconfig } from '../../kubernetes/control-plane';
import { now } from '../../meter/clock';
import type { LabSettings, NodeSettings } from '../../settings';
import { readState } from '../../state';
import type { Procedure, ProcedureContext, Procedures } from './procedure';

/** A failover that has not happened after so long does not happen any more. */
const PATIENCE_SECONDS = 25;

interface Particular extends Partial<ProcedureOutcome> {
  /** The struck shards' masters are meant to be two for a moment. */
  readonly isolation?: boolean;
  readonly othersUpperSeconds?: number;
}

const judged = (context: ProcedureContext, history: CacheHistory, particular: Particular = {}): ProcedureOutcome => {
  const { objective, healthyDeadlineSeconds } = context.drill;
  const { isolation = false, othersUpperSeconds = OTHER_SHARDS_SECONDS, findings = [], extra = {} } = particular;
  const outcome = judgeCache(history, {
    objective: { rtoSeconds: objective.rto, rpoSeconds: objective.rpo },
    budgetUpperSeconds: context.budgetUpperSeconds,
    healthyDeadlineSeconds,
    isolation,
    othersUpperSeconds,
  });
  const logs = history.clients.map((client) => ({ name: client, path: join(basename(context.directory), `cache-${client}.jsonl`) }));
  return { ...outcome, findings: [...outcome.findings, ...findings], extra: { ...outcome.extra, ...extra }, logs };
};

const firstMaster = (stage: CacheStage): CacheStage['masters'][number] => {
  const master = stage.masters[stage.struck[0] ?? 0];
  if (master === undefined) throw new Error('the fault strikes no shard');
  return master;
};

/** The node of the master: its clients have no say in the gap. */
const onMastersNode =
  (strike: (stage: CacheStage, node: NodeSettings) => Promise<void>, holdLonger = 0): CacheFault =>
  async (stage) => {
    const { pod, node } = firstMaster(stage);
    const others = stage.meters.clients.filter((client) => client !== node.zone);
    const struckAt = now();
    stage.context.progress(`strikes ${node.name} with ${pod.name}, master of shard ${pod.shard}`);
    await strike(stage, node);
    // Acknowledged after the blow, by anybody: the old master's last words are less than a node timeout away.
    await holdUntilServed(stage, others, struckAt + 0.5, PATIENCE_SECONDS);
    await pause(stage, holdLonger);
    return { excluded: { [node.zone]: `it is on ${node.name}, which the fault strikes` } };
  };

const failover =
  (fault: CacheFault, isolation = false): Procedure =>
  async (context) => {
    const history = await runCacheDrill(context, 'one', fault);
    return judged(context, history, { isolation });
  };

/** kubectl inside the lab. */
const labKubectl = async (lab: LabSettings): Promise<Kubectl> => {
  const { binaries } = await readState(lab);
  return { program: join(binaries, 'kubectl'), args: ['--kubeconfig', adminKubeconfig(lab)], namespace: NAMESPACE };
};

const majorityLost: Procedure = async (context) => {
  const findings: Finding[] = [];
  let tookSeconds: number | null = null;
  let commandSeconds: number | null = null;
  const fault: CacheFault = async (stage) => {
    const { lab, progress } = context;
    const how = await labKubectl(lab);
    const struckAt = now();
    for (const shard of stage.struck) {
      const master = stage.masters[shard];
      if (master !== undefined) await isolatePod(master.node, master.address);
    }
    progress(`struck: the masters of shards ${stage.struck.join(', ')}`);
    await pause(stage, TAKEOVER_AFTER_SECONDS / 2);
    const refused = await runInKeeper(how, ['takeover', '--json']);
    findings.push(
      refused.code === 1 && refused.stdout.includes('--confirm-down')
        ? pass('takeover-unconfirmed', 'refused')
        : fail('takeover-unconfirmed', `exit ${refused.code}: ${refused.stdout}${refused.stderr}`),
    );
    await pause(stage, Math.max(0, struckAt + TAKEOVER_AFTER_SECONDS - now()));
    const began = now();
    const done = await runInKeeper(how, ['takeover', '--confirm-down', '--json']);
    commandSeconds = now() - began;
    progress(`takeover: exit ${done.code} after ${commandSeconds.toFixed(1)} s`);
    findings.push(done.code === 0 ? pass('takeover', 'carried out') : fail('takeover', `exit ${done.code}: ${done.stdout}${done.stderr}`));
    await holdUntilServed(stage, stage.meters.clients, began, PATIENCE_SECONDS);
    const last = stage.struck.flatMap((shard) => stage.meters.clients.map((client) => stage.meters.lastAcks.get(`${client}/${shard}/wait`)?.t ?? 0));
    tookSeconds = Math.min(...last) > began ? now() - 1 - began : null;
    return { excluded: {} };
  };
  const history = await runCacheDrill(context, 'majority', fault);
  // A master that sees no majority serves nothing: the shard that was not struck comes back with the others.
  const othersUpperSeconds = context.budgetUpperSeconds;
  return judged(context, history, { othersUpperSeconds, findings, extra: { takeoverCommandSeconds: commandSeconds, takeoverSeconds: tookSeconds } });
};

/** More than this many mebibytes is not the lab's memory any more. */
const MOST_FILLERS = 4096;
const SESSIONS = 200;

interface FullWindow {
  readonly from: number;
  readonly to: number;
  readonly alert: string;
  readonly cleared: KeeperAnswer;
  readonly sessionsKept: number;
}

/** Full for some seconds, and then cleared as a person would. */
const fillAndClear = async (stage: CacheStage): Promise<FullWindow> => {
  const { context, login } = stage;
  const { address, pod } = firstMaster(stage);
  const how = await labKubectl(context.lab);
  await writeSessions(address, login, pod.shard, SESSIONS);
  const memory = await fillMemory(address, login, pod.shard, MOST_FILLERS);
  const from = now();
  try {
    context.progress(`${pod.name} is full after ${memory.mebibytes.toFixed(1)} MiB`);
    await pause(stage, MEMORY_FULL_SECONDS);
    const alert = ((await cacheStatus(context.api))?.complaints ?? []).find((c) => c.startsWith(`${pod.name}: memory at`)) ?? '';
    const to = now();
    await memory.release();
    const cleared = await runInKeeper(how, ['clear-sessions', '--all', '--match', fillerPattern(login, pod.shard), '--json']);
    return { from, to, alert, cleared, sessionsKept: await takeSessions(address, login, pod.shard, SESSIONS) };
  } finally {
    await memory.release();
  }
};

const memoryFull: Procedure = async (context) => {
  let window: FullWindow | undefined;
  const history = await runCacheDrill(context, 'one', async (stage) => {
    window = await fillAndClear(stage);
    return { excluded: {} };
  });
  if (window === undefined) throw new Error('the drill ended before the memory was full');
  return judged(context, history, { findings: memoryFindings(history, window), extra: { memoryAlert: window.alert, sessionsKept: window.sessionsKept } });
};

/** A buffer that a connection gives back is room for a write or two, until the filler comes by again. */
const REFUSED_AT_LEAST = 0.9;

const memoryFindings = (history: CacheHistory, { from, to, alert, cleared, sessionsKept }: FullWindow): readonly Finding[] => {
  const during = history.events.filter((e) => e.t > from && e.t < to && history.struck.includes(e.shard));
  const writes = during.filter((e) => e.kind === 'cache-write');
  const reads = during.filter((e) => e.kind === 'cache-read');
  const oom = writes.filter((w) => w.outcome === 'refused' && (w.error ?? '').startsWith('OOM')).length;
  const failedReads = reads.filter((r) => !r.ok).length;
  const verdict = (good: boolean): typeof pass => (good ? pass : fail);
  return [
    verdict(writes.length > 0 && oom >= REFUSED_AT_LEAST * writes.length)('writes-refused', `${oom} of ${writes.length} writes refused with OOM`),
    verdict(reads.length > 0 && failedReads === 0)(
      'reads-go-on',
      failedReads === 0 ? `${reads.length} reads answered` : `${failedReads} of ${reads.length} reads failed: ${reads.find((r) => !r.ok)?.error ?? ''}`,
    ),
    verdict(alert !== '')('alert', alert || 'the keeper did not complain of the memory'),
    verdict(cleared.code === 0)('cleared', `exit ${cleared.code}${cleared.code === 0 ? '' : `: ${cleared.stderr}`}`),
    verdict(sessionsKept === SESSIONS)('sessions-kept', `${sessionsKept} of ${SESSIONS} sessions, written before, are there afterwards`),
  ];
};

export const CACHE_PROCEDURES: Procedures<CacheScenario> = {
  'redis-master-dies': failover(onMastersNode(({ context }, node) => loseNode(context.lab, node, 'reset'))),
  'redis-az-lost': failover(
    onMastersNode(async ({ context: { lab } }, { zone }) => {
      await Promise.all(lab.nodes.filter((n) => n.zone === zone).map((n) => loseNode(lab, n, 'cut-first')));
    }),
  ),
  'redis-master-isolated': failover(
    onMastersNode(({ context }, node) => isolateNode(context.lab, node, 'drop'), 3),
    true,
  ),
  'redis-majority-lost': majorityLost,
  'redis-memory-full': memoryFull,
};
