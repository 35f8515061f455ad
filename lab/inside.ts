/** Commands that talk to the lab's cluster run inside its network: from the host's own namespace nothing is ever sent to a lab's address. */
import { spawn } from 'node:child_process';
import { inNetns } from './hosts/network';
import type { LabSettings } from './settings';

const MARK = 'HOLDFAST_INSIDE';

export const isInside = (lab: LabSettings): boolean => process.env[MARK] === lab.name;

/**
 * Runs this very program again, with the given arguments, inside the lab's network, and returns its exit code. Ctrl-C reaches both (one terminal, one process
 * group); this one waits for the other to clean up.
 */
export const runInside = (lab: LabSettings, args: readonly string[]): Promise<number> =>
  runProgramInside(lab, [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...args], { ...process.env, [MARK]: lab.name });

export const runProgramInside = (lab: LabSettings, argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<number> => {
  const [program = '', ...rest] = inNetns(lab.inside, argv);
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: 'inherit', env });
    const pass = (signal: NodeJS.Signals): void => {
      if (signal !== 'SIGINT') child.kill(signal); // Ctrl-C has reached it already
    };
    process.on('SIGINT', pass);
    process.on('SIGTERM', pass);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.off('SIGINT', pass);
      process.off('SIGTERM', pass);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
};
