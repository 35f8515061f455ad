/** How the drills of the cache are carried out. */
import { basename, join } from 'node:path';
import { judgeCache } from '../../../lib/drill/cache/judge';
import type { CacheHistory } from '../../../lib/drill/cache/history';
import type { ProcedureOutcome } from '../../../lib/drill/procedure-run';
import { fail, pass, type Finding } from '../../../lib/drill/verdict';
import { MEMORY_FULL_SECONDS, TAKEOVER_AFTER_SECONDS } from '../../../lib/topology/budget/constants-cache';
import { NAMESPACE } from '../../../lib/topology/derive';
import type { CacheScenario } from '../../../lib/topology/scenarios';
import { fillMemory, freeMemory } from '../../cache-tier/data';
import { runInKeeper } from '../../cache-tier/keeper';
import { holdUntilServed, pause, runCacheDrill, type CacheFault, type CacheStage } from '../../cache-tier/stage';
import { cacheStatus } from '../../cache-tier/status';
import { isolateNode, isolatePod, loseNode } from '../../faults/primitives';
import { adminKubeconfig } from '../../kubernetes/control-plane';
import { now } from '../../meter/clock';
import type { NodeSettings } from '../../settings';
import { readState } from '../../state';
import type { Procedure, ProcedureContext, Procedures } from './procedure';

/** A failover that has not happened after so long does not happen any more. */
const PATIENCE_SECONDS = 25;

const judged = (context: ProcedureContext, history: CacheHistory, isolation: boolean, more: Partial<ProcedureOutcome> = {}): ProcedureOutcome => {
  const { objective, healthyDeadlineSeconds } = context.drill;
  const outcome = judgeCache(history, {
    objective: { rtoSeconds: objective.rto, rpoSeconds: objective.rpo },
    budgetUpperSeconds: context.budgetUpperSeconds,
    healthyDeadlineSeconds,
    isolation,
  });
  const logs = history.clients.map((client) => ({ name: client, path: join(basename(context.directory), `cache-${client}.jsonl`) }));
  return { ...outcome, findings: [...outcome.findings, ...(more.findings ?? [])], extra: { ...outcome.extra, ...more.extra }, logs };
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
    return judged(context, history, isolation);
  };

const majorityLost: Procedure = async (context) => {
  const findings: Finding[] = [];
  let tookSeconds: number | null = null;
  const fault: CacheFault = async (stage) => {
    const { lab, progress } = context;
    for (const shard of stage.struck) {
      const master = stage.masters[shard];
      if (master !== undefined) await isolatePod(master.node, master.address);
    }
    progress(`struck: the masters of shards ${stage.struck.join(', ')}`);
    await pause(stage, TAKEOVER_AFTER_SECONDS);
    const { binaries } = await readState(lab);
    const how = { program: join(binaries, 'kubectl'), args: ['--kubeconfig', adminKubeconfig(lab)], namespace: NAMESPACE };
    const refused = await runInKeeper(how, ['takeover', '--json']);
    findings.push(
      refused.code === 1 ? pass('takeover-unconfirmed', 'refused') : fail('takeover-unconfirmed', `exit ${refused.code}: ${refused.stdout}${refused.stderr}`),
    );
    const began = now();
    const done = await runInKeeper(how, ['takeover', '--confirm-down', '--json']);
    findings.push(done.code === 0 ? pass('takeover', 'carried out') : fail('takeover', `exit ${done.code}: ${done.stdout}${done.stderr}`));
    await holdUntilServed(stage, stage.meters.clients, began, PATIENCE_SECONDS);
    const last = stage.struck.flatMap((shard) => stage.meters.clients.map((client) => stage.meters.lastAcks.get(`${client}/${shard}/wait`)?.t ?? 0));
    tookSeconds = Math.min(...last) > began ? now() - 1 - began : null;
    return { excluded: {} };
  };
  const history = await runCacheDrill(context, 'majority', fault);
  return judged(context, history, false, { findings, extra: { takeoverSeconds: tookSeconds } });
};

/** More than this many mebibytes is not the lab's memory any more. */
const MOST_FILLERS = 4096;

const memoryFull: Procedure = async (context) => {
  const findings: Finding[] = [];
  let alert = '';
  let window = { from: 0, to: 0 };
  const fault: CacheFault = async (stage) => {
    const { address, pod } = firstMaster(stage);
    const fillers = await fillMemory(address, stage.login, pod.shard, MOST_FILLERS);
    const from = now();
    try {
      context.progress(`${pod.name} is full after ${fillers} MiB`);
      await pause(stage, MEMORY_FULL_SECONDS);
      alert = ((await cacheStatus(context.api))?.complaints ?? []).find((c) => c.startsWith(`${pod.name}: memory at`)) ?? '';
      window = { from, to: now() };
    } finally {
      // Deleting frees memory at once; half of the fillers first would do.
      await freeMemory(address, stage.login, pod.shard, fillers);
    }
    return { excluded: {} };
  };
  const history = await runCacheDrill(context, 'one', fault);
  findings.push(...memoryFindings(history, window, alert));
  return judged(context, history, false, { findings, extra: { memoryAlert: alert } });
};

const memoryFindings = (history: CacheHistory, { from, to }: { readonly from: number; readonly to: number }, alert: string): readonly Finding[] => {
  const during = history.events.filter((e) => e.t > from && e.t < to && history.struck.includes(e.shard));
  const writes = during.filter((e) => e.kind === 'cache-write');
  const reads = during.filter((e) => e.kind === 'cache-read');
  const oom = writes.filter((w) => w.outcome === 'refused' && (w.error ?? '').startsWith('OOM')).length;
  const failedReads = reads.filter((r) => !r.ok).length;
  return [
    oom > 0
      ? pass('writes-refused', `${oom} of ${writes.length} writes refused with OOM`)
      : fail('writes-refused', `none of ${writes.length} writes refused with OOM`),
    reads.length > 0 && failedReads === 0
      ? pass('reads-go-on', `${reads.length} reads answered`)
      : fail('reads-go-on', `${failedReads} of ${reads.length} reads failed: ${reads.find((r) => !r.ok)?.error ?? 'none was made'}`),
    alert === '' ? fail('alert', 'the keeper did not complain of the memory') : pass('alert', alert),
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
