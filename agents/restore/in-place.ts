/** A restore in place, step by step: each step is recorded when it is done and may be repeated, so that whoever resumes goes on where it was. */
import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import { RESTORE_CONFIG_FILE } from '../../lib/services/patroni';
import { coverageOf, type RepositoryReport } from '../../lib/operations/restore/archive';
import { bootstrapConfiguration, decideEnd, decideLock, planOf, type Phase, type RestoreCluster, type StepPhase } from '../../lib/operations/restore/plan';
import { describeTarget, type RestoreTarget } from '../../lib/operations/restore/target';
import { Cluster, RestoreFailed } from './cluster';
import { JobFailed, runJob, type JobAnswer } from './jobs';
import type { Kubernetes } from './kubernetes';
import { RequestStore, TakenOver, type Remembered } from './request';

/** Refused, or impossible: the message is all that a person needs. Nothing was changed, or it was put back. */
export class RestoreRefused extends Error {
  override readonly name = 'RestoreRefused';
}

export interface InPlaceOptions {
  readonly cluster: RestoreCluster;
  readonly target: RestoreTarget;
  /** Label of the backup to begin with. @default - the newest that is old enough */
  readonly backup?: string;
  readonly onLine: (line: string) => void;
  /** Who is said to hold it. @default - this machine and process */
  readonly holder?: string;
}

type Common = Pick<InPlaceOptions, 'cluster' | 'onLine' | 'holder'>;

/** What is remembered with the request. */
interface Details {
  readonly target: RestoreTarget;
  readonly backup?: string;
  readonly repository?: number;
}

export interface RestoreResult {
  readonly id: string;
  readonly target: string;
  readonly backup: string;
  /** Seconds after the beginning at which each phase was reached. */
  readonly seconds: Readonly<Record<string, number>>;
}

const TIMEOUTS = { report: 180, stop: 120, forget: 60, start: 30, recover: 3600, replica: 1800, backup: 3600, discard: 120 } as const;

/** Two in one second differ too: a job's name is made of it. */
export const newId = (): string => `${new Date().toISOString().replace(/\D/g, '').slice(2, 14)}${randomBytes(2).toString('hex')}`;

export const repositoryReport = (api: Kubernetes, id: string, check: boolean, onLine?: (line: string) => void): Promise<RepositoryReport & JobAnswer> =>
  runJob<RepositoryReport & JobAnswer>(api, {
    template: 'backup-report',
    name: `backup-report-${id}`,
    arguments: ['report', ...(check ? ['--check'] : [])],
    timeoutSeconds: TIMEOUTS.report,
    ...(onLine === undefined ? {} : { onLine }),
  });

/** One restore under way. */
class InPlace {
  private readonly cluster: Cluster;
  private readonly store: RequestStore;
  private readonly began = Date.now();
  private readonly seconds: Record<string, number> = {};

  constructor(
    private readonly api: Kubernetes,
    private readonly options: Common,
    private readonly id: string,
    private details: Details,
  ) {
    this.cluster = new Cluster(api, options.cluster);
    this.store = new RequestStore(api, options.cluster, options.holder);
  }

  async run(from: Phase | undefined): Promise<RestoreResult> {
    const stop = this.store.beat(this.options.onLine);
    try {
      for (const { leadsTo, what } of planOf(from)) {
        await this.store.write({}); // nothing is done for a restore that somebody else has taken over
        this.options.onLine(`${leadsTo}: ${what}`);
        await this.steps[leadsTo]();
        this.seconds[leadsTo] = Math.round((Date.now() - this.began) / 100) / 10;
        await this.store.write({ phase: leadsTo, details: JSON.stringify(this.details) });
      }
    } catch (error) {
      await this.afterFailure(error);
      throw error;
    } finally {
      stop();
    }
    return { id: this.id, target: describeTarget(this.details.target), backup: this.details.backup ?? '', seconds: this.seconds };
  }

  private readonly steps: Readonly<Record<StepPhase, () => Promise<void>>> = {
    checked: () => this.check(),
    stopped: async () => {
      await this.cluster.scale(0);
      await this.cluster.awaitGone(TIMEOUTS.stop);
    },
    forgotten: () => forgetCluster(this.api, `${this.id}-f`, this.options.onLine),
    requested: () => this.request(),
    recovered: async () => {
      await this.cluster.startSome(this.firstMembers(), TIMEOUTS.start);
      await this.cluster.awaitReady(1, TIMEOUTS.recover);
    },
    // In strict mode nothing has been acknowledged so far: a standby that can't be built is a restore that can't succeed.
    writable: () => this.cluster.awaitReady(this.firstMembers(), TIMEOUTS.replica, this.options.cluster.strict ? undefined : cantBeBuilt),
    whole: async () => {
      await this.cluster.scale(this.cluster.members());
      await this.cluster.awaitReady(this.cluster.members(), TIMEOUTS.replica, cantBeBuilt);
    },
    withdrawn: async () => {
      await this.cluster.restartDelayedReplica();
      await this.store.write({ action: 'none', [RESTORE_CONFIG_FILE]: null });
    },
    'backed-up': async () => {
      await runJob(this.api, { template: 'backup-full', name: `backup-full-${this.id}`, timeoutSeconds: TIMEOUTS.backup });
    },
    finished: () => Promise.resolve(),
  };

  /** A primary and the standby that acknowledges: the others are copied once these two serve. */
  private firstMembers(): number {
    return Math.min(2, this.cluster.members());
  }

  /** Nothing is stopped for a restore that can't succeed. */
  private async check(): Promise<void> {
    const report = await repositoryReport(this.api, this.id, true);
    if (report.checked === false)
      this.options.onLine('the newest write-ahead log could not be forced into the archive (is there no primary?): what was archived before is what there is');
    const coverage = coverageOf(report, this.details.target, this.details.backup, Date.parse(report.at) / 1000);
    if (coverage.kind === 'refused') throw new RestoreRefused(coverage.because);
    this.details = { ...this.details, backup: coverage.backup.label, repository: coverage.repository };
    this.options.onLine(`backup ${coverage.backup.label} of repository ${coverage.repository}, ${Math.round(coverage.backup.info.size / 1e6)} MB`);
  }

  private async request(): Promise<void> {
    const { target, backup = '', repository = 1 } = this.details;
    const configuration = stringify(bootstrapConfiguration(this.options.cluster.stanza, target, backup, repository), { lineWidth: 0 });
    await this.store.write({ action: 'set-aside', [RESTORE_CONFIG_FILE]: configuration });
  }

  /** Before anything was stopped, the lock is given back; a restore that can't succeed is undone. Whatever else went wrong may be resumed. */
  private async afterFailure(error: unknown): Promise<void> {
    if (error instanceof TakenOver) return;
    const phase = (await this.store.read())?.phase ?? 'locked';
    if (phase === 'locked') return this.store.remove();
    if (!(error instanceof RestoreFailed)) return;
    this.options.onLine(`it failed: ${error.message}; putting the old data directories back`);
    await undo(this.api, this.options);
  }
}

/** The cluster serves, and what it has acknowledged must not be given up. */
const cantBeBuilt = (because: string): Error =>
  new RestoreRefused(`a member can't be built: ${because}. The others serve: mend that, and go on with \`holdfast restore resume\``);

const cantStart = (because: string): Error =>
  new RestoreRefused(`the old data is back in its place, and a member can't start with it: ${because}. Mend that, and give \`holdfast restore undo\` again`);

const forgetCluster = async (api: Kubernetes, name: string, onLine: (line: string) => void): Promise<void> => {
  await runJob(api, { template: 'restore-forget', name: `restore-forget-${name}`, timeoutSeconds: TIMEOUTS.forget, onLine });
};

/** @throws RestoreRefused when it can't be done (then nothing was changed), or when somebody else is at it */
export const restoreInPlace = async (api: Kubernetes, options: InPlaceOptions): Promise<RestoreResult> => {
  const { cluster, target, backup } = options;
  const store = new RequestStore(api, cluster, options.holder);
  const id = newId();
  const details: Details = { target, ...(backup === undefined ? {} : { backup }) };
  const existing = await store.read();
  const decision = decideLock(existing, false, Date.now() / 1000);
  if (decision.kind !== 'take') throw new RestoreRefused(decision.kind === 'refuse' ? decision.because : 'there is a restore to resume');
  if (!(await store.take(id, describeTarget(target), details))) return restoreInPlace(api, options); // somebody was faster: say who
  return guarded(() => new InPlace(api, options, id, details).run(undefined));
};

/** Goes on with a restore whose holder is gone. */
export const resumeRestore = async (api: Kubernetes, options: Common): Promise<RestoreResult> => {
  const store = new RequestStore(api, options.cluster, options.holder);
  const existing = await store.read();
  const decision = decideLock(existing, true, Date.now() / 1000);
  if (decision.kind === 'refuse') throw new RestoreRefused(decision.because);
  if (existing === undefined || decision.kind !== 'resume') throw new RestoreRefused('there is no restore to resume');
  if (existing.action === 'put-back') throw new RestoreRefused(`restore ${existing.id} was being undone: go on with \`holdfast restore undo\``);
  if (!(await store.takeOver())) throw new RestoreRefused('somebody else has just taken it over');
  options.onLine(`resuming restore ${existing.id} after phase "${decision.from}"`);
  return guarded(() => new InPlace(api, options, existing.id, JSON.parse(existing.details) as Details).run(decision.from));
};

const guarded = async (work: () => Promise<RestoreResult>): Promise<RestoreResult> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof JobFailed || error instanceof RestoreFailed || error instanceof TakenOver) throw new RestoreRefused(error.message, { cause: error });
    throw error;
  }
};

/** The record, taken over for its end. @throws RestoreRefused */
const takeToEnd = async (what: 'undo' | 'confirm', store: RequestStore): Promise<Remembered> => {
  const existing = await store.read();
  const decision = decideEnd(what, existing, store.holder, Date.now() / 1000);
  if (decision.kind === 'refuse') throw new RestoreRefused(decision.because);
  if (existing === undefined || !(await store.takeOver())) throw new RestoreRefused('somebody else has just taken it over');
  return existing;
};

/** Works with signs of life. */
const beating = async (store: RequestStore, { onLine }: Common, work: () => Promise<void>): Promise<void> => {
  const stop = store.beat(onLine);
  try {
    await work();
  } catch (error) {
    throw error instanceof TakenOver ? new RestoreRefused(error.message, { cause: error }) : error;
  } finally {
    stop();
  }
};

/** Puts the old data directories back and starts the old cluster again: everything written since the restore is given up. */
export const undo = async (api: Kubernetes, options: Common): Promise<void> => {
  const store = new RequestStore(api, options.cluster, options.holder);
  const { id } = await takeToEnd('undo', store);
  const cluster = new Cluster(api, options.cluster);
  const say = options.onLine;
  await beating(store, options, async () => {
    // First of all, so that nobody resumes what is being undone.
    await store.write({ action: 'put-back', [RESTORE_CONFIG_FILE]: null });
    say('stopping every member');
    await cluster.scale(0);
    await cluster.awaitGone(TIMEOUTS.stop);
    await forgetCluster(api, `${id}-u${Math.floor(Date.now() / 1000) % 100_000}`, say);
    say('starting the members with their old data directories');
    await cluster.scale(cluster.members());
    await cluster.awaitReady(cluster.members(), TIMEOUTS.replica, cantStart);
    await cluster.restartDelayedReplica();
    await store.remove();
  });
  say(`restore ${id} is undone`);
};

/** Removes the old data directories: from here on the restore can't be undone, and another may begin. */
export const confirm = async (api: Kubernetes, options: Common): Promise<void> => {
  const store = new RequestStore(api, options.cluster, options.holder);
  const { id } = await takeToEnd('confirm', store);
  const cluster = new Cluster(api, options.cluster);
  await beating(store, options, async () => {
    await store.write({ action: 'discard' });
    await cluster.refreshMounts(`${id}-discard`);
    await cluster.awaitDiscarded(id, TIMEOUTS.discard);
    await store.remove();
  });
  options.onLine(`restore ${id} is confirmed: the old data directories are gone`);
};
