/** One environment's scheduled drills: the machines of the synthesized template, the bundled functions in processes of their own, and the AWS around them. */
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { FunctionHost } from '../../../lab/aws/function-host';
import type { DrillSettings } from '../../../lib/operations/drills/settings';
import { ACCOUNT } from '../cloud/aws';
import { TaskError } from '../cloud/interpreter';
import { FakeRegion } from '../cloud/region';
import type { Deployment } from '../cloud/world';
import { DrillAws } from './aws';
import { execute, type Plain } from './machine';
import type { DrillStack } from './template';

/** As EventBridge's services name executions. */
export const RUN = '0b0fd4a6-8e11-4a51-9d3a-1f5b6c7d8e9f_7f0d3c1e-2a4b-4c6d-8e8f-9a0b1c2d3e4f';
const FREE = { acknowledged: 5000, gapSeconds: 4, open: false, errors: 9, lost: [] };
type Status = 'running' | 'completed' | 'stopped';

export class DrillWorld {
  readonly aws = new DrillAws();
  readonly region: FakeRegion;
  readonly told: string[] = [];
  readonly states: string[] = [];
  /** Alarms, as CloudWatch knows them. */
  alarms: Plain[] = [];
  readonly experiments = new Map<string, { readonly template: string; status: Status; looks: number }>();
  readonly tagged: unknown[] = [];
  readonly timers: { readonly Target: { readonly Arn: string; readonly Input: string }; readonly Name: string; readonly ScheduleExpression: string }[] = [];
  /** An experiment that nothing but the dead man's timer ends. */
  hangs = false;
  meter: Plain = FREE;
  /** What is changed of the model that the functions are given. */
  policy: Partial<DrillSettings['drillPolicy']> = {};
  /** Machine's tasks that fail, by their states. */
  readonly broken = new Set<string>();
  private readonly host: FunctionHost;
  readonly logs: string[] = [];

  private constructor(
    private readonly deployment: Deployment,
    private readonly stack: DrillStack,
    home: string,
    readonly now: number,
  ) {
    this.region = new FakeRegion(home, home);
    this.host = new FunctionHost({ worker: join(deployment.folder, 'worker.js'), log: (line) => this.logs.push(line), environment: {} });
  }

  static async open(deployment: Deployment, stack: DrillStack, home: string, now: number): Promise<DrillWorld> {
    const world = new DrillWorld(deployment, stack, home, now);
    await Promise.all([world.aws.open(), world.region.open(deployment.pki)]);
    return world;
  }
  close(): void {
    this.host.close();
    this.aws.close();
    this.region.close();
  }

  /** What the schedule of the template starts, as it starts it. */
  async ring(drill: string, change: Plain = {}): Promise<unknown> {
    const schedule = this.stack.schedules.get(drill);
    if (schedule?.machine !== this.stack.runArn) throw new Error(`${drill} has no schedule that starts the machine`);
    const input = { ...(JSON.parse(schedule.input) as Plain), ...change };
    return execute(this.stack.machines.run, input, { name: RUN, states: this.states, call: (...given) => this.call(...given) });
  }

  /** The register's own schedule. */
  async look(): Promise<unknown> {
    const schedule = this.stack.schedules.get('register');
    return this.invoke(schedule?.machine ?? '', {});
  }

  private async call(resource: string, parameters: Plain, state: string): Promise<unknown> {
    if (this.broken.has(state)) throw new TaskError('Planted.Error', `${state} fails`);
    if (resource.endsWith(':lambda:invoke')) return { Payload: await this.invoke(String(parameters['FunctionName']), parameters['Payload'] as Plain) };
    const [service = '', action = ''] = resource.split(':').slice(-2);
    return this.serve(`${service}:${action}`, parameters);
  }

  private async serve(action: string, given: Plain): Promise<unknown> {
    switch (action) {
      case 'cloudwatch:describeAlarms':
        return { MetricAlarms: this.alarms.filter(({ AlarmName }) => (given['AlarmNames'] as readonly unknown[]).includes(AlarmName)) };
      case 'sns:publish':
        return this.told.push(String(given['Message']));
      case 'scheduler:createSchedule':
        return this.setTimer(given as unknown as DrillWorld['timers'][number]);
      case 'ec2:describeVolumes':
        return { Volumes: [{ Attachments: [{ InstanceId: 'i-primary' }] }] };
      case 'ec2:createTags':
        return this.tagged.push(given['Resources']);
      case 'dynamodb:deleteItem':
        return this.release(((given['ExpressionAttributeValues'] as Plain)[':run'] as { readonly S: string }).S);
      case 'states:startExecution':
        return this.stop(given['Input'] as Plain);
      default:
        return this.inject(action.replace('fis:', ''), given);
    }
  }

  private inject(action: string, given: Plain): unknown {
    const shown = (id: string): Plain => ({ Id: id, State: { Status: this.experiments.get(id)?.status ?? '', Reason: '' } });
    const id = String(given['Id']);
    if (action === 'startExperiment') {
      this.experiments.set(`EXP-${this.experiments.size}`, { template: String(given['ExperimentTemplateId']), status: 'running', looks: 0 });
      return { Experiment: shown(`EXP-${this.experiments.size - 1}`) };
    }
    if (action === 'listExperiments')
      return { Experiments: [...this.experiments].filter(([, { template }]) => template === given['ExperimentTemplateId']).map(([name]) => shown(name)) };
    const experiment = this.experiments.get(id);
    if (experiment === undefined) throw new TaskError('Fis.ResourceNotFoundException', id);
    if (action === 'stopExperiment') experiment.status = 'stopped';
    else return this.looked(experiment).then(() => ({ Experiment: shown(id) }));
    return {};
  }

  private async looked(experiment: { status: Status; looks: number }): Promise<void> {
    experiment.looks += 1;
    if (experiment.status !== 'running' || experiment.looks < 3) return;
    if (!this.hangs) experiment.status = 'completed';
    else for (const timer of this.timers) if (timer.Target.Arn === this.stack.stopArn) await this.stop(JSON.parse(timer.Target.Input) as Plain);
  }

  private stop(input: Plain): Promise<unknown> {
    return execute(this.stack.machines.stop, input, { name: `stop-${RUN}`, states: this.states, call: (...given) => this.call(...given) });
  }

  /** By the service's own rules. */
  private setTimer(timer: DrillWorld['timers'][number]): object {
    if (!/^[\w.-]{1,64}$/.test(timer.Name)) throw new TaskError('Scheduler.ValidationException', `no name of a schedule: ${timer.Name}`);
    if (!/^at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)$/.test(timer.ScheduleExpression))
      throw new TaskError('Scheduler.ValidationException', timer.ScheduleExpression);
    this.timers.push(timer);
    return {};
  }

  private release(run: string): object {
    if (this.aws.journal.get('running')?.['run']?.S !== run) throw new TaskError('DynamoDB.ConditionalCheckFailedException', 'the place is not its own');
    this.aws.journal.delete('running');
    return {};
  }

  private async invoke(arn: string, payload: Plain): Promise<unknown> {
    const found = this.stack.functions.get(arn);
    if (found === undefined) throw new Error(`no function ${arn}`);
    // It writes for nine minutes: what it sees is given, and itself tested in drills.test.ts.
    if (found.handler === 'drill-meter') return this.meter;
    const definition = { name: found.handler, region: this.region.name, handler: 'handler', timeoutSeconds: 60 };
    const bundle = join(this.deployment.folder, 'lambdas', found.handler, 'index.mjs');
    const environment = { ...found.variables, ...this.surroundings(found.variables) };
    const { payload: text, failed } = await this.host.invoke({
      requestId: 'r',
      definition: { ...definition, bundle, environment },
      payload: JSON.stringify(payload),
    });
    const said = JSON.parse(text) as { readonly errorType?: string; readonly errorMessage?: string };
    if (failed) throw new TaskError(said.errorType ?? 'Unknown', said.errorMessage ?? text);
    return said;
  }

  /** What AWS gives every function, the doors' addresses here, and the time. */
  private surroundings({ HOLDFAST_DRILLS: text = '{}' }: Readonly<Record<string, string>>): Record<string, string> {
    const { pki, folder } = this.deployment;
    const clock = join(folder, `at-${this.now}.cjs`);
    writeFileSync(
      clock,
      `const D = Date; const by = ${this.now} - D.now(); const now = () => D.now() + by;
globalThis.Date = class extends D { constructor(...a) { super(...(a.length === 0 ? [now()] : a)); } static now() { return now(); } };`,
    );
    const model = JSON.parse(text) as DrillSettings;
    const settings: DrillSettings = {
      ...model,
      drillPolicy: { ...model.drillPolicy, ...this.policy },
      doors: ['127.0.0.1'],
      doorPort: this.region.doorPort,
      member: `pg-${this.region.name}`,
    };
    return {
      HOLDFAST_DRILLS: JSON.stringify(settings),
      HOLDFAST_DOOR_CERT: pki.path('client.crt'),
      HOLDFAST_DOOR_KEY: pki.path('client.key'),
      HOLDFAST_DOOR_CA: pki.path('ca.crt'),
      AWS_ENDPOINT_URL: this.aws.endpoint,
      AWS_ACCESS_KEY_ID: `function-of-${ACCOUNT}`,
      AWS_SECRET_ACCESS_KEY: 'function',
      NODE_OPTIONS: `--require ${clock}`,
    };
  }
}
