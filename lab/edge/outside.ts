/** Everything outside the workload regions, in one process: AWS's front proxy and schedules, functions of other regions, health checkers, name server. */
import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { randomUUID } from 'node:crypto';
import type { AwsFault } from '../aws/faults';
import { FrontProxy } from '../aws/front-proxy';
import { invokeOn } from '../aws/function-client';
import { FunctionHost } from '../aws/function-host';
import type { FunctionFault, Invocation, InvocationResult } from '../aws/functions';
import { jsonCall } from '../aws/emulator-client';
import { createPerson, type Person } from '../aws/people';
import { runSchedules } from '../aws/schedules';
import { fateOf } from '../aws/faults';
import { healthOf, type Health } from '../../lib/failover/routing';
import { now } from '../meter/clock';
import { Balancers, probesOf } from './balancers';
import { Checkers } from './checkers';
import type { EmulatedCall, OutsideControl } from './control';
import { serveDns, type DnsReply } from './dns-server';
import { recorder } from './events';
import type { OutsideConfiguration } from './outside-configuration';
import { probe } from './probe';
import { publicZone } from './zone';

const SHORT = 4_000;

export class Outside implements OutsideControl {
  private faults: AwsFault[] = [];
  private functionFaults: { fault: FunctionFault; left: number }[] = [];
  private stopped: readonly string[] = [];
  private readonly record: ReturnType<typeof recorder>;
  private readonly functions: FunctionHost;
  private readonly balancers: Balancers;
  private readonly checkers: Checkers;
  private readonly ask: ReturnType<typeof publicZone>;
  private readonly last = new Map<string, string>();
  private readonly people = new Map<string, Person>();

  constructor(private readonly config: OutsideConfiguration) {
    this.record = recorder(config.events);
    const log = (line: string): void => void process.stdout.write(`${new Date().toISOString()} ${line}\n`);
    this.functions = new FunctionHost({ worker: config.worker, environment: config.functionEnvironment, log });
    this.balancers = new Balancers(config.entrances, config.healthPath, (region, healthy) => this.noted({ kind: 'balancer', region, healthy }));
    this.ask = publicZone({ ...config, health: () => this.health() });
    this.checkers = new Checkers({
      checks: probesOf(config.zone.checks),
      checkers: config.checkers,
      probe: (check) => {
        const [address] = this.ask({ name: check.probe.host, type: 'A', client: config.awsAddress }).addresses;
        return address === undefined ? Promise.resolve({ passes: false, because: `no address of ${check.probe.host}` }) : probe(check, address);
      },
      onChange: (check, passes, because) => this.noted({ kind: 'health', check: check.id, passes, because }),
    });
  }

  private health(): Health {
    return healthOf(this.config.zone.checks, this.checkers.results(), this.balancers.results(this.config.zone));
  }

  /** Whatever changes in health may change what clients are told. */
  private noted(event: Parameters<ReturnType<typeof recorder>>[0]): void {
    this.record(event);
    const { name, clients } = this.config.watched;
    for (const client of clients) {
      const { addresses } = this.answer(name, client);
      if (this.last.get(client) === addresses.join()) continue;
      this.last.set(client, addresses.join());
      this.record({ kind: 'dns', name, client, addresses });
    }
  }

  answer(name: string, client: string): DnsReply {
    return this.ask({ name, type: 'A', client });
  }

  /** Listens everywhere; the emulator must be provisioned. */
  async open(log: (line: string) => void): Promise<void> {
    const { config } = this;
    const front = new FrontProxy({
      emulatorPort: config.emulatorPort,
      leaseRegions: config.resources.tables.find(({ replicas }) => replicas.length > 1)?.replicas ?? [],
      faults: () => this.faults,
      functions: () => config.resources.functions,
      takeFunctionFault: (name, region) => this.takeFunctionFault(name, region),
      invoke: (invocation) => this.invoke(invocation),
      people: () => this.people,
      log,
    });
    await listen(createHttps({ cert: config.tls.certificate, key: config.tls.key }, front.listener), 443, config.awsAddress);
    await listen(createHttp(front.listener), config.frontPort, '127.0.0.1');
    await serveDns(config.dns, (question) => this.ask(question));
    runSchedules({
      schedules: config.resources.schedules,
      stopped: () => this.stopped,
      invoke: (region, name, input) => this.tick(region, name, input),
      log,
    });
  }

  /** As EventBridge Scheduler: from within AWS, so that only a lost region keeps it from its function. */
  private async tick(region: string, name: string, payload: string): Promise<void> {
    const definition = this.config.resources.functions.find((f) => f.name === name && f.region === region);
    if (definition === undefined) throw new Error(`no function ${name} in ${region}`);
    const fate = fateOf(this.faults, { region, service: 'scheduler', operation: 'Invoke', from: '127.0.0.1' }, Math.random);
    if (fate.lost !== undefined) return;
    const fault = this.takeFunctionFault(name, region);
    await this.invoke({ requestId: randomUUID(), definition, payload, ...(fault === undefined ? {} : { fault }) });
  }

  private async invoke(invocation: Invocation): Promise<InvocationResult> {
    const { definition, payload } = invocation;
    const { [definition.region]: socket } = this.config.functionHosts;
    const start = now();
    const base = { kind: 'invocation', function: definition.name, region: definition.region, start, event: payload.slice(0, SHORT) } as const;
    try {
      if (this.lostRegions().includes(definition.region)) throw new Error(`${definition.region} is gone`);
      const result = socket === undefined ? await this.functions.invoke(invocation) : await invokeOn(socket, invocation);
      this.record({ ...base, failed: result.failed, result: result.payload.slice(0, SHORT) });
      return result;
    } catch (error) {
      this.record({ ...base, failed: true, result: String(error) });
      throw error;
    }
  }

  private takeFunctionFault(name: string, region: string): FunctionFault | undefined {
    const found = this.functionFaults.find(({ fault, left }) => left > 0 && (fault.function === name || fault.function === `${region}/${name}`));
    if (found !== undefined) found.left -= 1;
    return found?.fault;
  }

  addFault(fault: AwsFault): void {
    this.faults = [...this.faults.filter(({ name }) => name !== fault.name), fault];
    for (const region of this.lostRegions()) this.functions.killRegion(region);
  }
  /** Regions of which nothing is left. */
  private lostRegions(): readonly string[] {
    return this.faults.flatMap(({ regions = [], services, operations, from, effect }) =>
      effect.kind === 'lost' && services === undefined && operations === undefined && from === undefined ? regions : [],
    );
  }
  addFunctionFault(fault: FunctionFault): void {
    this.functionFaults.push({ fault, left: fault.times });
  }
  stopSchedules(regions: readonly string[]): void {
    this.stopped = regions;
  }
  heal(): void {
    [this.faults, this.functionFaults, this.stopped] = [[], [], []];
  }
  state(): unknown {
    return {
      faults: this.faults,
      functionFaults: this.functionFaults,
      stopped: this.stopped,
      checkers: this.checkers.counts(),
      health: Object.fromEntries(this.config.zone.checks.map(({ id }) => [id, this.health().check(id)])),
      balancers: Object.fromEntries(this.balancers.results(this.config.zone)),
    };
  }
  async person(name: string): Promise<Person> {
    const known = [...this.people.values()].find((person) => person.name === name);
    if (known !== undefined) return known;
    const person = await createPerson(this.config.emulatorPort, name);
    this.people.set(person.accessKeyId, person);
    return person;
  }
  call({ api, region, operation, input }: EmulatedCall): Promise<unknown> {
    // The lease's one table is kept in the first of its regions.
    const table = this.config.resources.tables.find(({ replicas }) => replicas.includes(region));
    const [keeper = region] = table?.replicas ?? [];
    return jsonCall(this.config.emulatorPort, api === 'DynamoDB' ? keeper : region, api, operation, input);
  }
}

const listen = (server: Server | ReturnType<typeof createHttps>, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
