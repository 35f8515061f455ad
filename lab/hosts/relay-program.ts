/** The relay that stands for a distance: one C program, compiled once. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheRoot } from '../cache';
import { run } from '../exec';
import { projectRoot } from '../kubernetes/scripts';

/** Compiles the relay once; the cache knows it by its source. @returns its path */
export const relayProgram = async (): Promise<string> => {
  const source = join(projectRoot(), 'lab', 'relay', 'relay.c');
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
    .slice(0, 12);
  const program = join(cacheRoot(), 'relay', hash);
  if (existsSync(program)) return program;
  await mkdir(join(cacheRoot(), 'relay'), { recursive: true });
  const made = `${program}.${process.pid}`;
  await run(['gcc', '-O2', '-Wall', '-o', made, source]);
  await rename(made, program);
  return program;
};
