import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { removeLab } from '../../lab/down';
import { reportFile } from '../../lab/drill/series';
import { projectRoot } from '../../lab/kubernetes/scripts';
import { phaseOf } from '../../lab/state';
import { settingsOf } from '../prepare-lab';
import { deployableEnvironments, synthesize } from '../synth';
import { EXIT } from '../exit';
import { print } from '../terminal';
import { runDrillCommand } from './drill';
import { bringUp, progressLine } from './lab';
import { report } from './report';

const ENVIRONMENT = 'production';
/** The node dies without a warning; then the planned counterpart. */
const DRILLS = ['primary-node-dies', 'switchover'] as const;

interface DemoOptions {
  readonly lab: string;
  readonly keep?: boolean;
}

const outputFolder = (): string => join(projectRoot(), '.holdfast', 'demo', new Date().toISOString().replace(/[:.]/g, '-'));

const synthesizeProduction = (folder: string): void => {
  const environments = deployableEnvironments().filter((environment) => environment.name === ENVIRONMENT);
  const { stacks } = synthesize({ environments, fast: true, outdir: join(folder, 'cdk.out') });
  const resources = stacks.reduce((sum, stack) => sum + stack.resources, 0);
  print(`${ENVIRONMENT}: ${stacks.length} stacks, ${resources} resources; every rule holds and every budget meets its objective (all checks: holdfast synth)`);
};

/** Runs every drill; the worst exit code counts. Interrupted, the rest is left out. */
const runDrills = async (lab: string, folder: string): Promise<number> => {
  let worst: number = EXIT.ok;
  for (const [i, drill] of DRILLS.entries()) {
    const code = await runDrillCommand(drill, { lab, runs: 1, seed: i + 1, out: join(folder, drill), quiet: true });
    if (code === EXIT.interrupted) return code;
    worst = Math.max(worst, code);
  }
  return worst;
};

const demo = async (options: DemoOptions): Promise<number> => {
  const lab = settingsOf(options.lab);
  const folder = outputFolder();
  const progress = progressLine();
  progress(`synthesizing ${ENVIRONMENT}`);
  synthesizeProduction(folder);
  const wasUp = (await phaseOf(lab)) === 'up';
  if (wasUp) progress(`using lab "${lab.name}", which is up`);
  const up = wasUp ? EXIT.ok : await bringUp(lab, progress);
  if (up !== EXIT.ok) return up;
  try {
    const code = await runDrills(lab.name, folder);
    const files = DRILLS.map((drill) => reportFile(join(folder, drill))).filter((file) => existsSync(file));
    if (files.length === 0) return code;
    const page = relative(process.cwd(), join(folder, 'report.html'));
    print('');
    const shown = await report(files, { out: page }, { stdout: process.stdout, stderr: { write: () => true }, env: process.env });
    if (shown !== EXIT.ok) return shown;
    print(`\nThe timeline as a picture: ${page}`);
    return code;
  } finally {
    if (!wasUp && options.keep !== true) {
      progress('ending the lab');
      await removeLab(lab);
    }
  }
};

export const registerDemo = (program: Command): void => {
  program
    .command('demo')
    .description('synthesize production, start the lab, kill the primary under load, and show what happened')
    .option('--lab <name>', 'which lab; one that is up is used and kept', 'lab')
    .option('--keep', 'leave the lab running')
    .addHelpText(
      'after',
      '\nExample: holdfast demo --keep\nExit codes: 0 every drill passed, 1 one failed, 3 not possible on this machine, 6 one could not be judged, 130 interrupted',
    )
    .action(async (options: DemoOptions) => void (process.exitCode = await demo(options)));
};
