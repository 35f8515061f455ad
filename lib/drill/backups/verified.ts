/** Judges the drill verified-backup: pure, from what `holdfast backup verify` said and which evidence was there. */
import { fail, pass, type Finding } from '../verdict';

/** One `holdfast backup verify`. */
export interface Verification {
  readonly exitCode: number | null;
  /** The last lines of what it said. */
  readonly said: string;
  /** What it answered; null: it failed. */
  readonly evidence: Evidence | null;
  /** Files that it left below `verified/<environment>/` in the repository, which the alarm listens to. */
  readonly files: readonly string[];
}

/** As holdfast-backup writes it. */
export interface Evidence {
  readonly backup: string;
  readonly finishedAt: string;
  readonly verified: boolean;
  readonly amcheck: string;
  /** By table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Seconds; null: nothing was replayed. */
  readonly newestCommitAgeSeconds: number | null;
  readonly recoveredSeconds: number;
  readonly checkedSeconds: number;
  readonly databaseBytes: number;
}

export interface Sound {
  readonly table: string;
  readonly rows: number;
  /** The newest commit may be so old, seconds: the archive's own delay, and the time that the restore takes. */
  readonly newestCommitAge: number;
}

/** A sound backup is verified, and its evidence says what was checked. */
export const soundFindings = (name: string, run: Verification, expected: Sound): readonly Finding[] => {
  const { exitCode, said, evidence, files } = run;
  if (exitCode !== 0) return [fail(name, `exit ${exitCode ?? 'by a signal'}, expected 0: ${said.slice(-300)}`)];
  if (evidence === null || files.length === 0) return [fail(name, 'it succeeded and left no evidence')];
  const counted = evidence.rows[expected.table];
  const age = evidence.newestCommitAgeSeconds;
  return [
    (evidence.verified && evidence.amcheck === 'sound' ? pass : fail)(name, `backup ${evidence.backup}: amcheck says ${evidence.amcheck}`),
    (counted === expected.rows ? pass : fail)(`${name}-rows`, `${counted ?? 'no'} rows of ${expected.table} in the evidence; there are ${expected.rows}`),
    (age !== null && age <= expected.newestCommitAge ? pass : fail)(
      `${name}-young`,
      `the newest commit was ${age ?? 'of unknown age and not'} s old when it was checked; allowed ${expected.newestCommitAge} s`,
    ),
  ];
};

/** A damaged one is not: it must fail, say what is wrong, and leave no evidence that would silence the alarm. */
export const damageFindings = (name: string, run: Verification, says: RegExp): readonly Finding[] => [
  run.exitCode === 1
    ? (says.test(run.said) ? pass : fail)(name, `refused: ${run.said.trim().slice(-300)}`)
    : fail(name, `exit ${run.exitCode ?? 'by a signal'}, expected 1: the damage was not found`),
  (run.files.length === 0 ? pass : fail)(`${name}-no-evidence`, run.files.length === 0 ? 'no evidence was left' : `it left evidence: ${run.files.join(', ')}`),
];
