/** The synthesized templates of a lab's environment, as data: what the lab's emulated AWS and its name servers are made of. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '../lab/aws/template';
import type { Environment } from '../lib/topology/types';
import { synthesize } from './synth';

/** Offline; takes seconds. @throws Error when a check of the synthesis fails */
export const labStacks = (environment: Environment): readonly Stack[] => {
  const outdir = mkdtempSync(join(tmpdir(), 'holdfast-lab-'));
  try {
    return synthesize({ environments: [environment], fast: true, outdir }).stacks.map(({ name, region, templateFile }) => ({
      name,
      region,
      template: JSON.parse(readFileSync(templateFile, 'utf8')) as unknown,
    }));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
};
