import { Option, type Command } from 'commander';
import { auditSince } from '../../lab/audit';
import { isInside, runInside } from '../../lab/inside';
import { kubernetesApi } from '../../lab/kubernetes/api';
import { summarize } from '../../lib/services/rotation/audit';
import { EXIT, UsageError } from '../exit';
import { settingsOf } from '../prepare-lab';
import { requireUp } from './lab';

interface AuditOptions {
  readonly since: string;
  readonly role?: string;
  readonly json?: boolean;
  readonly lab: string;
}

const AGO = /^(\d+)(s|m|h|d)$/;
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** An ISO time, or how long ago. @throws UsageError */
export const sinceOf = (text: string, now: number): Date => {
  const [, amount, unit] = AGO.exec(text) ?? [];
  const date = amount === undefined ? new Date(text) : new Date(now - Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS]);
  if (Number.isNaN(date.getTime()) || date.getTime() > now) {
    throw new UsageError(`--since: given "${text}"; allowed: a time in the past as 2026-01-31T12:00:00Z, or how long ago as 30m, 12h, 7d`);
  }
  return date;
};

const audit = async (options: AuditOptions): Promise<number> => {
  const since = sinceOf(options.since, Date.now());
  const lab = settingsOf(options.lab);
  await requireUp(lab);
  if (!isInside(lab)) {
    const role = options.role === undefined ? [] : ['--role', options.role];
    return runInside(lab, ['audit', '--lab', lab.name, '--since', since.toISOString(), ...role, ...(options.json === true ? ['--json'] : [])]);
  }
  const api = kubernetesApi(lab);
  try {
    const { uses, incomplete } = await auditSince(lab, api, since);
    const wanted = uses.filter((use) => options.role === undefined || use.role === options.role);
    for (const line of incomplete) process.stderr.write(`incomplete: ${line}\n`);
    if (options.json === true) process.stdout.write(`${JSON.stringify({ since: since.toISOString(), incomplete, uses: wanted }, null, 2)}\n`);
    else {
      for (const s of summarize(wanted))
        process.stdout.write(
          `${s.last}  ${s.role.padEnd(16)} from ${s.from.padEnd(16)} at a ${s.door.padEnd(7)} let in ${String(s.letIn).padStart(5)}, refused ${String(s.refused).padStart(5)}  since ${s.first}\n`,
        );
    }
    return EXIT.ok;
  } finally {
    api.close();
  }
};

export const registerAudit = (program: Command): void => {
  program
    .command('audit')
    .description('which credentials of the database were used, when and from where, since a time')
    .requiredOption('--since <time>', 'a time (2026-01-31T12:00:00Z) or how long ago (30m, 12h, 7d)')
    .option('--role <name>', 'of this login only')
    .option('--json', 'every single use, as JSON')
    .addOption(new Option('--lab <name>', 'which lab').default('lab'))
    .addHelpText('after', '\nExample: holdfast audit --since 30m --role app\nOn AWS the same lines are in CloudWatch Logs: the query is in docs/secrets.md')
    .action(async (options: AuditOptions) => void (process.exitCode = await audit(options)));
};
