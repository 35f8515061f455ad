/** Several runs of one drill and their report, written anew after every run, so that an interrupted series keeps what it measured. */
import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { budgetFor } from '../../lib/topology/budget';
import { findDrill, type Drill } from '../../lib/drill/catalog';
import { buildProcedureRun } from '../../lib/drill/procedure-run';
import { buildReport, buildRun, unmeasuredRun, type DrillReport } from '../../lib/drill/report';
import type { ReportRun } from '../../lib/drill/report-types';
import { timelineOf } from '../../lib/drill/timeline';
import { podsOf } from '../health';
import { kubernetesApi, type KubernetesApi } from '../kubernetes/api';
import { askPatroni } from '../patroni';
import { clientTls, readCredentials, type Credentials } from '../secrets';
import type { LabSettings } from '../settings';
import { readState } from '../state';
import type { Progress } from '../up';
import { PROCEDURES } from './procedures';
import { NotSteadyError, runDrill, type DrillRun } from './run';

export interface SeriesOptions {
  readonly drill: string;
  readonly runs: number;
  readonly seed: number;
  /** See ProcedureContext. */
  readonly megabytes?: number;
  /** Folder of the report; made when it doesn't exist. */
  readonly directory: string;
  /** As the user typed it, for the report. */
  readonly command: string;
  readonly deadMan: readonly string[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const REPORT = 'report.json';
export const reportFile = (directory: string): string => join(directory, REPORT);

/** @throws NotSteadyError when the lab is unhealthy before the first run; later runs that find it so are `unknown` in the report */
export const runSeries = async (lab: LabSettings, options: SeriesOptions): Promise<DrillReport> => {
  const drill = findDrill(lab.environment, options.drill);
  const budget = budgetFor(lab.environment, drill.name);
  const credentials = await readCredentials(lab);
  const api = kubernetesApi(lab);
  const runs: ReportRun[] = [];
  try {
    await mkdir(options.directory, { recursive: true });
    const head = {
      drill: drill.name,
      title: drill.title,
      requirements: [...drill.requirements],
      environment: lab.environment.name,
      mode: 'stock' as const,
      startedAt: new Date().toISOString(),
      command: options.command,
      seed: options.seed,
      machine: { cores: cpus().length, memoryGiB: Math.round(totalmem() / 1024 ** 3), kernel: release() },
      versions: await versions(api, credentials),
      configurationHash: await configurationHash(lab),
      objective: { rtoSeconds: drill.objective.rto, rpoSeconds: drill.objective.rpo },
      budget,
    };
    let report = buildReport({ ...head, runs });
    for (let i = 0; i < options.runs; i++) {
      const seed = options.seed + i;
      const directory = join(options.directory, `run-${i + 1}`);
      options.progress(`run ${i + 1} of ${options.runs} (seed ${seed})`);
      const single = {
        seed,
        drill,
        budgetUpperSeconds: budget.upperSeconds,
        directory,
        progress: options.progress,
        deadMan: options.deadMan,
        signal: options.signal,
        ...(options.megabytes === undefined ? {} : { megabytes: options.megabytes }),
      };
      // Read anew: a run may have changed them.
      const run = await oneRun(lab, api, await readCredentials(lab), single, i);
      runs.push(run);
      options.progress(`run ${i + 1}: ${run.verdict}, gap ${run.gapSeconds?.toFixed(2) ?? '?'} s, ${run.ackedLost ?? '?'} acknowledged rows lost`);
      report = buildReport({ ...head, runs });
      await writeAtOnce(reportFile(options.directory), `${JSON.stringify(report, null, 2)}\n`);
    }
    return report;
  } finally {
    api.close();
  }
};

type SingleRun = Omit<DrillRun, 'drill'> & { readonly drill: Drill };

const oneRun = async (lab: LabSettings, api: KubernetesApi, credentials: Credentials, single: SingleRun, index: number): Promise<ReportRun> => {
  try {
    const { drill } = single;
    if (drill.kind === 'procedure') {
      const procedure = PROCEDURES[drill.name];
      await mkdir(single.directory, { recursive: true });
      return buildProcedureRun(single.seed, await procedure({ lab, api, credentials, ...single, drill }));
    }
    const { judgement, expectation, history, notes } = await runDrill(lab, api, credentials, { ...single, drill });
    const timeline = timelineOf(history, expectation);
    const folder = `run-${index + 1}`;
    if (timeline !== null) await writeFile(join(single.directory, 'timeline.json'), JSON.stringify(timeline));
    return buildRun({
      seed: single.seed,
      judgement,
      expectation,
      notes,
      ...(timeline === null ? {} : { timeline: `${folder}/timeline.json` }),
      logs: [{ name: 'history', path: `${folder}/history.jsonl` }],
    });
  } catch (error) {
    if (!(error instanceof NotSteadyError) || index === 0) throw error;
    return unmeasuredRun(single.seed, `unknown: steady-state: ${error.message}`);
  }
};

const writeAtOnce = async (file: string, text: string): Promise<void> => {
  await writeFile(`${file}.partial`, text);
  await rename(`${file}.partial`, file);
};

interface PatroniVersion {
  readonly server_version?: number;
  readonly patroni?: { readonly version?: string };
}

/** What actually runs, asked of it. */
const versions = async (api: KubernetesApi, credentials: Credentials): Promise<Record<string, string>> => {
  const address = (await podsOf(api, 'postgres')).find((p) => p.status.podIP !== undefined)?.status.podIP;
  if (address === undefined) throw new NotSteadyError('no PostgreSQL pod has an address');
  const { body } = await askPatroni(clientTls(credentials), address, '/patroni').catch((error: unknown) => {
    throw new NotSteadyError(`Patroni does not answer: ${error instanceof Error ? error.message : String(error)}`);
  });
  const { server_version: server, patroni } = JSON.parse(body) as PatroniVersion;
  const { gitVersion } = await api.get<{ gitVersion: string }>('/version');
  return {
    patroni: patroni?.version ?? 'unknown',
    postgresql: server === undefined ? 'unknown' : `${Math.floor(server / 10_000)}.${server % 10_000}`,
    kubernetes: gitVersion,
    node: process.version,
  };
};

/** Of the environment and the images: two reports with the same hash measured the same thing. */
const configurationHash = async (lab: LabSettings): Promise<string> => {
  const { images } = await readState(lab);
  return `sha256:${createHash('sha256')
    .update(JSON.stringify({ environment: lab.environment, images }))
    .digest('hex')}`;
};
