/** Two regions, the AWS around them, and the functions as they are deployed: bundled, each in a process of its own, with what the templates give them. */
import { buildSync } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FunctionHost } from '../../../lab/aws/function-host';
import type { KeyPair } from '../../../lab/aws/signatures';
import { signIdentity } from '../../../lambdas/aws/sign-identity';
import { labFailover } from '../../../lib/environments/lab-failover';
import { approvalsId, type SignedIdentity } from '../../../lib/failover/approval-token';
import type { Approval } from '../../../lib/failover/approval';
import type { AuditEntry } from '../../../lib/failover/failover-ports';
import { create, type LeaseRecord } from '../../../lib/failover/lease';
import { leaseOf, leasePut } from '../../../lib/failover/lease-item';
import type { Direction } from '../../../lib/failover/names';
import { failoverSettings, type FailoverSettings } from '../../../lib/failover/settings';
import { workflowOf } from '../../../lib/failover/workflow';
import { placeholderName, WORKFLOW_HANDLERS } from '../../../lib/failover/workflow-tasks';
import { defineEnvironment } from '../../../lib/topology/define';
import { ACCOUNT, FakeAws } from './aws';
import { Interpreter, TaskError, type Ended } from './interpreter';
import { makePki, type Pki } from './pki';
import { FakePooler } from './pooler';
import { FakeRegion } from './region';

const ROOT = resolve(__dirname, '..', '..', '..');
export const [HOME, OTHER] = ['eu-central-1', 'us-east-1'] as const;
export const environment = defineEnvironment(labFailover);
const TIMEOUT_SECONDS = 30;

type Plain = Readonly<Record<string, unknown>>;

/** Moves the wall clock of a process, and no other clock. */
const SKEW = (milliseconds: number): string => `const now = Date.now; Date.now = () => now() + ${milliseconds};
const D = Date; globalThis.Date = class extends D { constructor(...a) { super(...(a.length === 0 ? [D.now()] : a)); } };`;

/** Bundled once for all tests of a file. */
export class Deployment {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-cloud-'));
  readonly pki: Pki = makePki(this.folder);
  constructor() {
    execFileSync(process.execPath, [join(ROOT, 'scripts', 'bundle-lambdas.mjs'), join(this.folder, 'lambdas')], { cwd: ROOT });
    const worker = { entryPoints: [join(ROOT, 'lab', 'aws', 'function-worker.ts')], outfile: join(this.folder, 'worker.js') };
    buildSync({ ...worker, bundle: true, platform: 'node', format: 'cjs' });
  }
  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

export class World {
  readonly aws = new FakeAws();
  readonly regions = { [HOME]: new FakeRegion(HOME, HOME), [OTHER]: new FakeRegion(OTHER, HOME) };
  readonly pooler: FakePooler;
  private readonly hosts: FunctionHost[] = [];
  private readonly logs: string[] = [];

  private constructor(private readonly deployment: Deployment) {
    this.pooler = new FakePooler(deployment.pki);
  }

  static async open(deployment: Deployment): Promise<World> {
    const world = new World(deployment);
    await Promise.all([world.aws.open(deployment.pki.pair('aws')), world.pooler.open(), ...Object.values(world.regions).map((r) => r.open(deployment.pki))]);
    const first = create(null, { environment: environment.name, region: HOME, epoch: 1, now: Date.now() }).record;
    if (first === null) throw new Error('no first lease');
    world.putLease(first);
    return world;
  }
  close(): void {
    this.hosts.forEach((host) => host.close());
    [this.aws, this.pooler, ...Object.values(this.regions)].forEach((part) => part.close());
  }

  settings(target: string): FailoverSettings {
    const settings = failoverSettings(environment, target, ACCOUNT);
    const doors = (name: string): number => this.regions[name as typeof HOME].doorPort;
    const regions = settings.regions.map((region) => ({
      ...region,
      doors: ['127.0.0.1'],
      doorPort: doors(region.name),
      poolers: ['127.0.0.1'],
      poolerPort: this.pooler.port,
    }));
    return { ...settings, regions, lease: { ...settings.lease, duration: 1, margin: 1 } };
  }

  putLease(record: LeaseRecord): void {
    const { Item: item } = leasePut('t', null, record);
    this.aws.table.items.set('lease|lease', item);
  }
  lease(): LeaseRecord {
    const record = leaseOf(this.aws.table.items.get('lease|lease'));
    if (record === null) throw new Error('no lease');
    return record;
  }
  audit(): readonly AuditEntry[] {
    const items = [...this.aws.table.items.values()].filter((item) => item['id']?.S?.startsWith('audit#') === true);
    return items.map((item) => JSON.parse(item['value']?.S ?? '{}') as AuditEntry).sort((a, b) => a.at - b.at);
  }

  /** @param skew milliseconds by which the functions' wall clock is ahead */
  functions(self: string, skew = 0): FunctionHost {
    const preload = join(this.deployment.folder, `skew-${skew}.cjs`);
    writeFileSync(preload, SKEW(skew));
    const { pki } = this.deployment;
    const host = new FunctionHost({
      worker: join(this.deployment.folder, 'worker.js'),
      log: (line) => this.logs.push(line),
      environment: {
        HOLDFAST_FAILOVER: JSON.stringify(this.settings(self)),
        HOLDFAST_SELF: self,
        HOLDFAST_TOPIC: `arn:aws:sns:${self}:${ACCOUNT}:t`,
        HOLDFAST_ACCOUNT: ACCOUNT,
        HOLDFAST_DOOR_CERT: pki.path('client.crt'),
        HOLDFAST_DOOR_KEY: pki.path('client.key'),
        HOLDFAST_DOOR_CA: pki.path('ca.crt'),
        HOLDFAST_DATABASE_SECRET: 'database',
        HOLDFAST_DATABASE_USER: 'app',
        HOLDFAST_S3_PATH_STYLE: '1',
        AWS_ENDPOINT_URL: this.aws.endpoint,
        AWS_ACCESS_KEY_ID: 'function',
        AWS_SECRET_ACCESS_KEY: 'function',
        NODE_EXTRA_CA_CERTS: pki.path('ca.crt'),
        ...(skew === 0 ? {} : { NODE_OPTIONS: `--require ${preload}` }),
      },
    });
    this.hosts.push(host);
    return host;
  }

  /** @throws TaskError by the name that the function's error has */
  async call(host: FunctionHost, self: string, handler: string, payload: Plain): Promise<unknown> {
    const bundle = join(this.deployment.folder, 'lambdas', handler, 'index.mjs');
    const definition = { name: handler, region: self, bundle, handler: 'handler', environment: {}, timeoutSeconds: TIMEOUT_SECONDS };
    const { payload: text, failed } = await host.invoke({ requestId: 'r', definition, payload: JSON.stringify(payload) });
    const said = JSON.parse(text) as { readonly errorType?: string; readonly errorMessage?: string };
    if (failed) throw new TaskError(said.errorType ?? 'Unknown', said.errorMessage ?? text);
    return said;
  }

  /** A whole run of the machine, as `holdfast failover` starts one. */
  async run(change: Partial<RunInput> = {}, name = `${environment.name}-1`, host?: FunctionHost, entering?: (state: string) => Promise<void>): Promise<Ended> {
    const { direction = 'failover', target = OTHER } = change;
    const { epoch, renewals } = this.lease();
    const input = { direction, target, fromEpoch: epoch, renewals, person: null, because: 'a test', forceLoss: null, dryRun: false, ...change };
    const functions = host ?? this.functions(target);
    const call = (placeholder: string, payload: Plain): Promise<unknown> => this.call(functions, target, handlerOf(placeholder), payload);
    const { failover } = environment;
    if (failover === null) throw new Error('no failover');
    return new Interpreter({ name, input, call, second: 20, ...(entering === undefined ? {} : { entering }) }).run(
      workflowOf(direction, { ...failover, lease: { ...failover.lease } }),
    );
  }

  /** Somebody with an access key of his own. */
  person(name: string): KeyPair & { readonly arn: string } {
    const person = { accessKeyId: `KEY${name.toUpperCase()}`, secretAccessKey: `secret of ${name}`, arn: `arn:aws:iam::${ACCOUNT}:user/${name}` };
    this.aws.people.set(person.accessKeyId, person);
    return person;
  }
  sign(
    credentials: KeyPair,
    question: { readonly attempt: string; readonly epoch: number },
    verdict: Approval['verdict'] = 'approve',
  ): Promise<SignedIdentity> {
    const signer = { endpoint: this.aws.endpoint, region: OTHER, claims: 'somebody', credentials };
    return signIdentity({ environment: environment.name, ...question }, verdict, signer);
  }
  /** Who can write the table can write this. */
  putApproval(attempt: string, value: unknown): void {
    const part = String(this.aws.table.items.size);
    this.aws.table.items.set(`${approvalsId(attempt)}|${part}`, { id: { S: approvalsId(attempt) }, part: { S: part }, value: { S: JSON.stringify(value) } });
  }
}

export interface RunInput {
  readonly direction: Direction;
  readonly target: string;
  readonly fromEpoch: number;
  readonly renewals: number;
  readonly person: string | null;
  readonly forceLoss: { readonly reason: string; readonly by: string } | null;
  readonly dryRun: boolean;
}

const handlerOf = (placeholder: string): string => {
  const found = WORKFLOW_HANDLERS.find((handler) => placeholder === `\${${placeholderName(handler)}}`);
  if (found === undefined) throw new Error(`no function ${placeholder}`);
  return found;
};
