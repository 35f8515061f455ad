/** How the drills of secrets are carried out. */
import { fail, pass, type Finding } from '../../../lib/drill/verdict';
import type { CacheLoadJudgement } from '../../../lib/drill/secrets/cache-load';
import { judgeCompromise, type RotationJudgement } from '../../../lib/drill/secrets/judge';
import type { SecretScenario } from '../../../lib/topology/scenarios';
import { auditSince } from '../../audit';
import { sleep } from '../../exec';
import { now } from '../../meter/clock';
import { rotate, type RotationRun } from '../../rotation/command';
import { startIntruder } from '../../rotation/intruder';
import { underLoad } from '../../rotation/load';
import type { Procedure, ProcedureContext, Procedures } from './procedure';

/** The lock of a rotation that was killed ends by itself (agents/rotation/lock.ts), with a little to spare. */
const LOCK_SECONDS = 17;
/** Where a rotation is killed: of the database or of the cache, after its first step or after the new ones are in use. */
const KILLS = [
  { what: 'database', at: 'new logins made' },
  { what: 'cache', at: 'the new passwords of the cache are in use' },
  { what: 'database', at: 'the new logins are in use' },
  { what: 'cache', at: 'new passwords of the cache made' },
] as const;
/** An attacker who has the credentials may use them so long after the command. */
const REFUSED_WITHIN_SECONDS = 60;
/** The attacker is let in for so long before anybody notices. */
const UNNOTICED_SECONDS = 3;

const expectExit = (check: string, run: RotationRun, wanted: number | 'killed'): Finding => {
  const got = run.signal !== null || run.exitCode === null ? 'killed' : run.exitCode;
  const said = run.progress.findLast((line) => line.startsWith('error')) ?? '';
  return (got === wanted ? pass : fail)(check, `${got === 'killed' ? 'killed' : `exit ${got}`}, expected ${wanted}${said === '' ? '' : `: ${said}`}`);
};

/** Requests of clients during the rotation, and what became of them. */
const served = (judgement: RotationJudgement, cache: CacheLoadJudgement | undefined): Readonly<Record<string, unknown>> => ({
  requests: judgement.requests,
  failedRequests: judgement.failedRequests,
  ...(cache === undefined
    ? {}
    : { cacheRequests: cache.requests, cacheFailedRequests: cache.failed, cacheRetriedRequests: cache.retried, cacheGapSeconds: cache.gapSeconds }),
});

const rotateAll: Procedure = async (context) => {
  const { lab, progress, signal, seed } = context;
  const common = { progress, signal };
  const findings: Finding[] = [];
  const seconds: Record<string, number> = {};
  const { judgement, cache } = await underLoad(context, async () => {
    const possible = KILLS.filter(({ what }) => what !== 'cache' || lab.environment.cache !== null);
    const { what, at } = possible[seed % possible.length] ?? KILLS[0];
    findings.push(expectExit('killed-half-way', await rotate(lab, { ...common, what, flags: [], killAt: at }), 'killed'));
    for (const end = now() + LOCK_SECONDS; now() < end;) {
      signal.throwIfAborted();
      await sleep(0.2);
    }
    findings.push(expectExit('another-is-refused', await rotate(lab, { ...common, what, flags: [] }), 1));
    const resumed = await rotate(lab, { ...common, what, flags: ['--resume'] });
    findings.push(expectExit('resumed', resumed, 0));
    const whole = await rotate(lab, { ...common, what: 'all', flags: [] });
    findings.push(expectExit('rotated', whole, 0));
    seconds['resumedSeconds'] = resumed.seconds;
    seconds['rotationSeconds'] = whole.seconds;
  });
  return {
    measured: judgement.measured,
    findings: [...findings, ...judgement.findings, ...(cache?.findings ?? [])],
    notes: [],
    extra: { ...served(judgement, cache), ...seconds },
    logs: [{ name: 'history', path: 'history.jsonl' }],
  };
};

const compromised: Procedure = async (context) => {
  const intruder = await startIntruder(context);
  const since = new Date();
  let stopped: Awaited<ReturnType<typeof intruder.stop>> | undefined;
  try {
    const { judgement, result, cache } = await underLoad(context, () => rotateNow(context), true);
    stopped = await intruder.stop();
    const { uses } = await auditSince(context.lab, context.api, since);
    const old = context.credentials.applicationUser;
    const made = stopped.intrusions.filter((i) => i.result === 'in' && i.door.endsWith(` as ${old}`)).length;
    const listed = uses.filter((use) => use.role === old && use.letIn).length;
    const found = judgeCompromise({ ...stopped, ...result, audited: { listed, made } }, REFUSED_WITHIN_SECONDS);
    return {
      measured: judgement.measured,
      findings: [expectExit('rotated', result.run, 0), ...found.findings, ...judgement.findings, ...(cache?.findings ?? [])],
      notes: [],
      extra: {
        ...served(judgement, cache),
        rotationSeconds: result.run.seconds,
        lastOldLoginSeconds: found.lastIntrusionSeconds,
        oldLoginsListed: listed,
        oldLoginsMade: made,
      },
      logs: [{ name: 'history', path: 'history.jsonl' }],
    };
  } finally {
    if (stopped === undefined) await intruder.stop();
  }
};

const rotateNow = async ({ lab, progress, signal }: ProcedureContext): Promise<{ run: RotationRun; askedAt: number; endedAt: number }> => {
  await sleep(UNNOTICED_SECONDS);
  const askedAt = now();
  const run = await rotate(lab, { what: 'all', flags: ['--compromised'], progress, signal });
  const endedAt = now();
  await sleep(UNNOTICED_SECONDS);
  return { run, askedAt, endedAt };
};

export const SECRET_PROCEDURES: Procedures<SecretScenario> = { 'rotate-secrets': rotateAll, 'credentials-compromised': compromised };
