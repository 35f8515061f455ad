/** The reconciliation files of a region that came back: what its last primary had and the new primary region never received. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateMembers } from '../database';
import { METER_TABLE } from '../meter/tables';
import type { LabSettings } from '../settings';

const FOLDER = 'var/lib/postgresql/data/reconciliation';

export interface ReconciliationFile {
  /** Where the copy is. */
  readonly path: string;
  /** The file's first line: epoch, member, where the histories part, how many transactions. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Ids of the meters' rows by client. */
  readonly meterRows: ReadonlyMap<string, readonly number[]>;
}

interface Line {
  readonly table: string;
  readonly row: { readonly client?: string; readonly id?: number };
}

/** Copies every file of an epoch out of the members' volumes. */
export const collectReconciliation = async (region: LabSettings, epoch: number, directory: string): Promise<readonly ReconciliationFile[]> => {
  const target = join(directory, 'reconciliation');
  await mkdir(target, { recursive: true });
  const files: ReconciliationFile[] = [];
  for (const { pid } of await locateMembers(region)) {
    const folder = join('/proc', String(pid), 'root', FOLDER);
    if (!existsSync(folder)) continue;
    for (const name of (await readdir(folder)).filter((f) => f.startsWith(`epoch-${epoch}-`) && f.endsWith('.jsonl'))) {
      await copyFile(join(folder, name), join(target, name));
      files.push(await parse(join(target, name)));
    }
  }
  return files;
};

const parse = async (path: string): Promise<ReconciliationFile> => {
  const [first = '{}', ...rest] = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  const meterRows = new Map<string, number[]>();
  for (const line of rest) {
    const { table, row } = JSON.parse(line) as Line;
    if (table !== METER_TABLE || row.client === undefined || row.id === undefined) continue;
    meterRows.set(row.client, [...(meterRows.get(row.client) ?? []), row.id]);
  }
  return { path, about: JSON.parse(first) as Record<string, unknown>, meterRows };
};

/** All files together, by client. */
export const reconciledRows = (files: readonly ReconciliationFile[]): ReadonlyMap<string, readonly number[]> => {
  const all = new Map<string, number[]>();
  for (const { meterRows } of files) for (const [client, ids] of meterRows) all.set(client, [...(all.get(client) ?? []), ...ids]);
  return all;
};
