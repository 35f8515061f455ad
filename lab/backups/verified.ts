/** The drill verified-backup: a sound backup is proven and leaves evidence; a damaged one is refused and leaves none. */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { commandFinding, judgeUndisturbed } from '../../lib/drill/backups/judge';
import { damageFindings, soundFindings, type Evidence, type Verification } from '../../lib/drill/backups/verified';
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { backupStanza } from '../../lib/topology/derive';
import { asSuperuser } from '../database';
import type { ProcedureContext } from '../drill/procedures/procedure';
import { withoutFailover } from '../operations/expectation';
import { repositoryFolder } from '../s3/settings';
import type { LabSettings } from '../settings';
import { failureOf, holdfast, LOG } from './command';
import { LEDGER } from './ledger';
import { onScene, timelineNow, type Scene } from './scene';

/** A segment is archived so late at most, besides `backups.archiveTimeout`; and the restore itself takes its time. */
const COMMIT_AGE_MARGIN_SECONDS = 180;
const INDEX = 'holdfast_lying_index';

const evidenceFiles = async (lab: LabSettings): Promise<readonly string[]> => {
  const files = await readdir(join(repositoryFolder(lab), 'verified', backupStanza(lab.environment)), { recursive: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []; // nothing was ever verified
    throw error;
  });
  return files.filter((file) => file.endsWith('.json') && !file.endsWith('latest.json'));
};

const verify = async (context: ProcedureContext): Promise<Verification> => {
  const before = await evidenceFiles(context.lab);
  const run = await holdfast(context, ['backup', 'verify']);
  return {
    exitCode: run.exitCode,
    said: run.lines
      .slice(-4)
      .map(({ text }) => text)
      .join('\n'),
    evidence: run.exitCode === 0 ? (JSON.parse(run.stdout) as Evidence) : null,
    files: (await evidenceFiles(context.lab)).filter((file) => !before.includes(file)),
  };
};

/** A function says that it is immutable, an index believes it, and then it changes: the index lies, and only a look at every row finds it. */
const makeIndexLie = ({ context, leader }: Scene): Promise<void> =>
  asSuperuser(context.lab, leader, async (client) => {
    const define = (sign: string): Promise<unknown> =>
      client.query(`CREATE OR REPLACE FUNCTION holdfast_lies(n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT ${sign}n'`);
    await define('');
    await client.query(`CREATE INDEX ${INDEX} ON ${LEDGER} (holdfast_lies(id)) WHERE id <= 1000`);
    await define('-');
  });

const dropIndex = ({ context, leader }: Scene): Promise<void> =>
  asSuperuser(context.lab, leader, async (client) => {
    await client.query(`DROP INDEX IF EXISTS ${INDEX}`);
    await client.query('DROP FUNCTION IF EXISTS holdfast_lies(bigint)');
  });

/** The largest file of the newest backup: table data, compressed and encrypted. */
const largestFile = async (lab: LabSettings, backup: string): Promise<string> => {
  const folder = join(repositoryFolder(lab), 'backup', backupStanza(lab.environment), backup);
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const sized = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      const file = await open(path);
      const { size } = await file.stat().finally(() => file.close());
      return { path, size };
    }),
  );
  const largest = sized.toSorted((a, b) => b.size - a.size)[0];
  if (largest === undefined || largest.size < 4096) throw new Error(`backup ${backup} has no file to damage in the repository`);
  return largest.path;
};

const DAMAGED_BYTES = 512;

/** Overwrites bytes in its middle. @returns puts them back */
const damage = async (path: string): Promise<() => Promise<void>> => {
  const at = async (work: (file: Awaited<ReturnType<typeof open>>, position: number) => Promise<unknown>): Promise<void> => {
    const file = await open(path, 'r+');
    try {
      await work(file, Math.floor((await file.stat()).size / 2));
    } finally {
      await file.close();
    }
  };
  const before = Buffer.alloc(DAMAGED_BYTES);
  await at((file, position) => file.read(before, 0, DAMAGED_BYTES, position));
  await at((file, position) => file.write(Buffer.alloc(DAMAGED_BYTES, 0x5a), 0, DAMAGED_BYTES, position));
  return () => at((file, position) => file.write(before, 0, DAMAGED_BYTES, position));
};

const withLyingIndex = async (scene: Scene): Promise<Verification> => {
  try {
    await makeIndexLie(scene);
    scene.context.progress('an index lies about its table');
    return await verify(scene.context);
  } finally {
    await dropIndex(scene);
  }
};

const withDamagedFile = async ({ context }: Scene, backup: string): Promise<Verification> => {
  const repair = await damage(await largestFile(context.lab, backup));
  context.progress(`bytes of backup ${backup} are changed in the repository`);
  try {
    return await verify(context);
  } finally {
    await repair();
  }
};

export const verifiedBackup = async (context: ProcedureContext): Promise<ProcedureOutcome> => {
  const timeline = await timelineNow(context);
  const { result, history, scene } = await onScene(context, async (stage) => {
    stage.mark('faultAt');
    const sound = await verify(context);
    const lying = await withLyingIndex(stage);
    const damaged = sound.evidence === null ? null : await withDamagedFile(stage, sound.evidence.backup);
    return { sound, lying, damaged, again: await holdfast(context, ['backup', 'verify']) };
  });
  const { sound, lying, damaged, again } = result;
  const after = await timelineNow(context);
  const judged = judgeUndisturbed(history, withoutFailover(context, scene.clients.names, true), { before: timeline, after });
  const { archiveTimeout } = context.lab.environment.backups;
  return {
    ...judged,
    findings: [
      ...soundFindings('verified', sound, { table: `public.${LEDGER}`, rows: scene.rows, newestCommitAge: archiveTimeout + COMMIT_AGE_MARGIN_SECONDS }),
      ...damageFindings('lying-index-found', lying, new RegExp(INDEX)),
      ...(damaged === null ? [] : damageFindings('damaged-file-found', damaged, /checksum|unable to|invalid|cipher|decompress|format/i)),
      commandFinding('verified-again', failureOf(again)),
      ...judged.findings,
    ],
    notes: [],
    extra: {
      megabytes: scene.megabytes,
      recoveredSeconds: sound.evidence?.recoveredSeconds ?? null,
      checkedSeconds: sound.evidence?.checkedSeconds ?? null,
      newestCommitAgeSeconds: sound.evidence?.newestCommitAgeSeconds ?? null,
      databaseBytes: sound.evidence?.databaseBytes ?? null,
    },
    logs: [
      { name: 'history', path: 'history.jsonl' },
      { name: 'holdfast', path: LOG },
    ],
  };
};
