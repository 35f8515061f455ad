/** The programs of the data tier as the host sees them: found by what they run, within one node's control group. */
import { readFileSync } from 'node:fs';
import { processesIn } from './cgroups';

export type Program = 'postgres' | 'patroni' | 'etcd' | 'pgbouncer';

const COMMAND: Readonly<Record<Program, RegExp>> = {
  // Members only: isolated copies and the replica that stays behind have their configuration elsewhere (lib/services/isolated-postgres.ts).
  postgres: /bin\/postgres -D (?!.*--config-file=\/etc\/postgresql\/)/,
  patroni: /python3?\S* \S*\/patroni /,
  etcd: /^(\/usr\/bin\/)?etcd /,
  pgbouncer: /pgbouncer .*pgbouncer\.ini/,
};

/** The command line, or '' for a process that has ended. */
export const commandOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};

/** One variable of the environment a process was started with; undefined when it has ended or has none. */
export const environmentOf = (pid: number, name: string): string | undefined => {
  try {
    const entry = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .find((line) => line.startsWith(`${name}=`));
    return entry?.slice(name.length + 1);
  } catch {
    return undefined;
  }
};

export const findProgram = async (cgroup: string, program: Program): Promise<number | undefined> =>
  (await processesIn(cgroup)).find((pid) => COMMAND[program].test(`${commandOf(pid)} `));

/** @throws Error when it does not run there */
export const programPid = async (cgroup: string, program: Program): Promise<number> => {
  const pid = await findProgram(cgroup, program);
  if (pid === undefined) throw new Error(`${program} does not run in ${cgroup}`);
  return pid;
};
