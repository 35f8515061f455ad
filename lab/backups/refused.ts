/** The drill restore-refused: what can't succeed is refused before anything is stopped, and says why. */
import { readdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { judgeUndisturbed } from '../../lib/drill/backups/judge';
import { refusalFinding, type Refusal } from '../../lib/drill/backups/refusals';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { fail, pass, type Finding } from '../../lib/drill/verdict';
import { backupStanza, NAMESPACE } from '../../lib/topology/derive';
import { asSuperuser } from '../database';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { until } from '../exec';
import { withoutFailover } from '../operations/expectation';
import { repositoryFolder } from '../s3/settings';
import { holdfast, LOG, type CommandRun } from './command';
import { onScene, timelineNow, waitFor, type Scene } from './scene';

const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/backup-repository`;
const ARCHIVED_WITHIN_SECONDS = 60;

export const saidBy = (run: CommandRun): string =>
  run.lines
    .slice(-4)
    .map(({ text }) => text)
    .join('\n');

export const refusal = async (context: ProcedureContext, check: string, args: readonly string[], says: RegExp): Promise<Refusal> => {
  const run = await holdfast(context, args);
  context.progress(`${check}: exit ${run.exitCode ?? 'by a signal'}`);
  return { check, exitCode: run.exitCode, said: saidBy(run), says };
};

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

const outsideTheArchive = async (context: ProcedureContext): Promise<readonly Refusal[]> => [
  await refusal(context, 'before-the-archive', ['restore', '--at', inDays(-365)], /lies before the oldest backup/),
  await refusal(context, 'in-the-future', ['restore', '--at', inDays(1)], /lies in the future/),
  await refusal(context, 'beyond-the-archive', ['restore', '--at', 'lsn:FFFF/0'], /lies after the newest archived segment/),
];

/** Archived segments, the oldest first. */
const segments = async ({ lab }: ProcedureContext): Promise<readonly string[]> => {
  const folder = join(repositoryFolder(lab), 'archive', backupStanza(lab.environment));
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\/[0-9A-F]{24}-[0-9a-f]{40}\.\w+$/.test(file));
  return files.toSorted((a, b) => basename(a).localeCompare(basename(b))).map((file) => join(folder, file));
};

/** Several segments more, so that one of them can be missing between others. */
const archiveMore = ({ context, leader }: Scene): Promise<readonly string[]> =>
  asSuperuser(context.lab, leader, async (client) => {
    const before = (await segments(context)).length;
    for (let i = 0; i < 4; i++) {
      await client.query('SELECT pg_switch_wal()');
      await waitFor(context, 0.5); // a client writes: the next segment is not empty
    }
    return until('segments archived', ARCHIVED_WITHIN_SECONDS, async () => {
      const now = await segments(context);
      return now.length >= before + 4 ? now : undefined;
    });
  });

const missingSegment = async (scene: Scene): Promise<Refusal> => {
  const { context } = scene;
  const victim = (await archiveMore(scene)).at(-2);
  if (victim === undefined) throw new Error('nothing is archived');
  const hidden = join(repositoryFolder(context.lab), '..', basename(victim));
  await rename(victim, hidden);
  try {
    const says = new RegExp(`segment ${basename(victim).slice(0, 24)} of the write-ahead log is missing`);
    return await refusal(context, 'missing-segment', ['restore', '--at', new Date().toISOString()], says);
  } finally {
    await rename(hidden, victim);
  }
};

interface StoredSecret {
  readonly data: Readonly<Record<string, string>>;
}

const wrongKey = async (context: ProcedureContext): Promise<Refusal> => {
  const key = 'repository.conf';
  const before = (await context.api.get<StoredSecret>(SECRET)).data[key];
  if (before === undefined) throw new Error(`the Secret backup-repository has no ${key}`);
  const wrong = Buffer.from(before, 'base64')
    .toString('utf8')
    .replace(/cipher-pass=.*/g, 'cipher-pass=somebody-else-s');
  await context.api.patch(SECRET, { data: { [key]: Buffer.from(wrong).toString('base64') } });
  try {
    return await refusal(context, 'wrong-key', ['restore', '--at', new Date().toISOString()], /cannot be read with this passphrase/);
  } finally {
    await context.api.patch(SECRET, { data: { [key]: before } });
  }
};

const nothingLeft = async (context: ProcedureContext): Promise<Finding> => {
  const run = await holdfast(context, ['restore', 'status']);
  const nothing = run.exitCode === 0 && run.stdout.trim() === 'null';
  return (nothing ? pass : fail)('nothing-left', nothing ? 'no lock is left' : `exit ${run.exitCode ?? 'by a signal'}: ${run.stdout.slice(0, 200)}`);
};

export const refused = async (context: ProcedureContext): Promise<ProcedureOutcome> => {
  const timeline = await timelineNow(context);
  const { result, history, scene } = await onScene(context, async (stage) => {
    stage.mark('faultAt');
    const outside = await outsideTheArchive(context);
    const segment = await missingSegment(stage);
    const key = await wrongKey(context);
    const table = ['restore', '--at', `lsn:${await currentPosition(stage)}`, '--into', 'clone', '--table', 'nobody_has_this'];
    const unknown = await refusal(context, 'unknown-table', table, /nobody_has_this does not exist/);
    return { refusals: [...outside, segment, key, unknown], left: await nothingLeft(context) };
  });
  const judged = judgeUndisturbed(history, withoutFailover(context, scene.clients.names, true), { before: timeline, after: await timelineNow(context) });
  return {
    ...judged,
    findings: [...result.refusals.map(refusalFinding), result.left, ...judged.findings],
    notes: [],
    extra: { megabytes: scene.megabytes },
    logs: [
      { name: 'history', path: 'history.jsonl' },
      { name: 'holdfast', path: LOG },
    ],
  };
};

const currentPosition = ({ context, leader }: Scene): Promise<string> =>
  asSuperuser(context.lab, leader, async (client) => (await client.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn')).rows[0]?.lsn ?? '');
