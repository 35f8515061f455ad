/** What the repositories hold, and whether a moment can be restored from it: decided before anything is stopped. */
import { WAL_SEGMENT_MEBIBYTES } from '../../topology/derive';
import { describeTarget, epochOf, type RestoreTarget } from './target';

export interface BackupInfo {
  readonly label: string;
  readonly type: string;
  readonly timestamp: { readonly start: number; readonly stop: number };
  readonly lsn: { readonly start: string; readonly stop: string };
  /** First and last segment that the backup itself needs. */
  readonly archive: { readonly start: string | null; readonly stop: string | null };
  readonly info: { readonly size: number };
  readonly error?: boolean | null;
  readonly database: { readonly 'repo-key': number };
}

/** The result of `holdfast-backup report`. */
export interface RepositoryReport {
  readonly info: readonly { readonly backup?: readonly BackupInfo[]; readonly status: { readonly code: number; readonly message: string } }[];
  /** Of every repository: name of the segment, and when it was archived (seconds since 1970). */
  readonly archived: readonly { readonly repository: number; readonly segments: readonly (readonly [string, number])[] }[];
  /** Whether a segment could be forced into the archive just now; null: not tried. */
  readonly checked: boolean | null;
  readonly at: string;
}

export type Coverage =
  { readonly kind: 'covered'; readonly backup: BackupInfo; readonly repository: number } | { readonly kind: 'refused'; readonly because: string };

/** How many make up 4 GiB: the first half of a segment's number counts those. */
const SEGMENTS_PER_LOG = 4096 / WAL_SEGMENT_MEBIBYTES;

/** A segment's place on its timeline, counted in segments. */
export const segmentNumber = (name: string): number => parseInt(name.slice(8, 16), 16) * SEGMENTS_PER_LOG + parseInt(name.slice(16, 24), 16);
const segmentName = (timeline: string, n: number): string =>
  `${timeline}${Math.floor(n / SEGMENTS_PER_LOG)
    .toString(16)
    .padStart(8, '0')}${(n % SEGMENTS_PER_LOG).toString(16).padStart(8, '0')}`.toUpperCase();
const timelineOf = (name: string): string => name.slice(0, 8);

export const lsnNumber = (lsn: string): number => {
  const [high = '0', low = '0'] = lsn.split('/');
  return parseInt(high, 16) * 2 ** 32 + parseInt(low, 16);
};
const segmentOfLsn = (lsn: string): number => Math.floor(lsnNumber(lsn) / (WAL_SEGMENT_MEBIBYTES * 2 ** 20));

export interface Gap {
  /** The first segment that is not there. */
  readonly missing: string;
  /** When the last one before it was archived: so far the archive reaches. */
  readonly reachesUntil: number;
}

/** The first hole among the archived segments from `from` on, over the timelines that follow it. */
export const firstGap = (segments: readonly (readonly [string, number])[], from: string): Gap | undefined => {
  // A segment that a new timeline begins in is on both.
  const later = segments.filter(([name]) => timelineOf(name) >= timelineOf(from) && segmentNumber(name) >= segmentNumber(from));
  const at = new Map<number, number>();
  for (const [name, time] of later) at.set(segmentNumber(name), Math.max(time, at.get(segmentNumber(name)) ?? 0));
  const last = Math.max(segmentNumber(from) - 1, ...at.keys());
  for (let n = segmentNumber(from); n <= last; n++) if (!at.has(n)) return { missing: segmentName(timelineOf(from), n), reachesUntil: at.get(n - 1) ?? 0 };
  return undefined;
};

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
const refused = (because: string): Coverage => ({ kind: 'refused', because });

/** The backups of a repository that a target can begin with, oldest first. */
const candidates = (backups: readonly BackupInfo[], target: RestoreTarget): readonly BackupInfo[] => {
  if (target.kind === 'time') return backups.filter((b) => b.timestamp.stop <= epochOf(target.value));
  if (target.kind === 'lsn') return backups.filter((b) => lsnNumber(b.lsn.stop) <= lsnNumber(target.value));
  return backups;
};

/**
 * @param chosen label of the backup to begin with, or undefined: the newest that is old enough
 * @param now seconds since 1970, by the clock of whoever made the report
 */
export const coverageOf = (report: RepositoryReport, target: RestoreTarget, chosen: string | undefined, now: number): Coverage => {
  const all = (report.info[0]?.backup ?? []).filter((b) => b.error !== true).toSorted((a, b) => a.timestamp.stop - b.timestamp.stop);
  const oldest = all[0];
  if (oldest === undefined)
    return refused(`there is no backup (${report.info[0]?.status.message ?? 'the repository is empty'}); take one with \`holdfast backup run\``);
  if (target.kind === 'time' && epochOf(target.value) > now + 1)
    return refused(`${describeTarget(target)} lies in the future: the archive reaches until now, ${iso(now)}`);
  const possible = candidates(all, target);
  if (possible.length === 0)
    return refused(
      `${describeTarget(target)} lies before the oldest backup, ${oldest.label}, which ended at ${iso(oldest.timestamp.stop)} (${oldest.lsn.stop})`,
    );
  const backup = chosen === undefined ? possible.at(-1) : possible.find((b) => b.label === chosen);
  if (backup === undefined)
    return refused(`backup "${chosen ?? ''}" can't be used for ${describeTarget(target)}; backups that can: ${possible.map((b) => b.label).join(', ')}`);
  return archiveCovers(report, target, backup);
};

const archiveCovers = (report: RepositoryReport, target: RestoreTarget, backup: BackupInfo): Coverage => {
  const repository = backup.database['repo-key'];
  const segments = report.archived.find((a) => a.repository === repository)?.segments ?? [];
  const from = backup.archive.start;
  if (from === null) return refused(`backup ${backup.label} does not say which segments of the write-ahead log it needs`);
  const gap = firstGap(segments, from);
  if (gap !== undefined && reachesBeyond(target, gap, backup))
    return refused(
      `segment ${gap.missing} of the write-ahead log is missing from repository ${repository}: after backup ${backup.label} the archive reaches ` +
        `${gap.reachesUntil === 0 ? 'nowhere' : `until ${iso(gap.reachesUntil)}`}; choose an earlier moment, or another backup with --backup`,
    );
  const newest = segments.at(-1)?.[0];
  if (target.kind === 'lsn' && newest !== undefined && segmentOfLsn(target.value) > segmentNumber(newest))
    return refused(`${describeTarget(target)} lies after the newest archived segment, ${newest}`);
  const until = Math.max(0, ...segments.map(([, time]) => time));
  if (target.kind === 'time' && report.checked === false && epochOf(target.value) > until)
    return refused(
      `${describeTarget(target)} lies after the newest archived segment, ${newest ?? 'none'} of ${iso(until)}, and newer ones could not be forced into the archive; ` +
        'choose an earlier moment, or start the database first',
    );
  return { kind: 'covered', backup, repository };
};

/** Where a target lies is known for times and positions; the others have to be looked for in all that is there. */
const reachesBeyond = (target: RestoreTarget, gap: Gap, backup: BackupInfo): boolean => {
  const stop = backup.archive.stop;
  if (stop !== null && segmentNumber(gap.missing) <= segmentNumber(stop)) return true;
  if (target.kind === 'time') return epochOf(target.value) > gap.reachesUntil;
  if (target.kind === 'lsn') return segmentOfLsn(target.value) >= segmentNumber(gap.missing);
  return true;
};
