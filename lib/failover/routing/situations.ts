/**
 * Every combination of what health checkers can see. A thing that is seen (a region's entrance, a switch object with a region's name in it, a routing control, a
 * load balancer's targets) is a fact of the world; several checks may look at the same fact, and a fact is there even when no check looks at it.
 */
import type { Expectation } from './expectation';
import type { ProbeResults } from './health';
import type { HealthCheck, Zone } from './types';

/** One fact, true or false. */
interface Fact {
  readonly key: string;
  /** For people, when it is not as in a healthy environment. */
  readonly deviation: string;
  /** As in a healthy environment that has not failed over. */
  readonly usual: boolean;
}

/** Facts of which only matters how many are true: the same checks look at each of them in the same way. */
interface FactGroup {
  readonly facts: readonly Fact[];
  readonly describe: (count: number) => string;
}

/** One state of the world. */
export interface Situation {
  /** Of a standby region, or of the home region. */
  readonly ready: (region: string) => boolean;
  /** The region that has taken over by the switch's majority, the first of several; undefined: none has, so the home region is active. */
  readonly takenBy: string | undefined;
  /** What the checkers see, by the check's id. */
  readonly results: ProbeResults;
  /** What load balancers say of themselves. */
  readonly loadBalancers: ProbeResults;
  /** What differs from a healthy environment; empty: nothing. */
  readonly deviations: readonly string[];
}

const readyKey = (region: string): string => `ready ${region}`;
const saidKey = (object: number, region: string): string => `said ${object} ${region}`;
const controlKey = (region: string): string => `control ${region}`;
const loadBalancerKey = (id: string): string => `targets ${id}`;
const unknownKey = (id: string): string => `unknown ${id}`;

/** The fact that a check looks at. */
const factOf = (check: HealthCheck, { home, standbys, healthPath, trafficSwitch }: Expectation): string => {
  const regions = [home, ...standbys];
  if (check.kind === 'routingControl') {
    const region = standbys.find(({ mark }) => mark === check.control);
    return region === undefined || trafficSwitch?.kind !== 'controls' ? unknownKey(check.id) : controlKey(region.name);
  }
  if (check.kind !== 'probe') throw new Error(`${check.id} is calculated: it looks at other checks`);
  const { host, port, path, searchString } = check.probe;
  if (check.type === 'HTTPS' && port === 443 && path === healthPath) {
    const region = regions.find((candidate) => candidate.host === host);
    if (region !== undefined) return readyKey(region.name);
  }
  if (check.type === 'HTTPS_STR_MATCH' && port === 443 && trafficSwitch?.kind === 'objects') {
    const object = trafficSwitch.objects.findIndex((candidate) => candidate.host === host && candidate.path === path);
    const region = regions.find(({ mark }) => mark === searchString);
    if (object >= 0 && region !== undefined) return saidKey(object, region.name);
  }
  return unknownKey(check.id);
};

const readyFact = (region: string): Fact => ({ key: readyKey(region), deviation: `${region} is not ready`, usual: true });

const switchGroups = ({ standbys, home, trafficSwitch }: Expectation, looked: ReadonlySet<string>): readonly FactGroup[] => {
  if (trafficSwitch === null) return [];
  if (trafficSwitch.kind === 'controls') {
    return standbys.map(({ name }) => ({
      facts: [{ key: controlKey(name), deviation: '', usual: false }],
      describe: () => `the routing control of ${name} is on`,
    }));
  }
  const { objects } = trafficSwitch;
  // That an object names the home region changes nothing, unless a check looks for it.
  const named = [home, ...standbys].filter((region) => region !== home || objects.some((_, n) => looked.has(saidKey(n, home.name))));
  return named.map(({ name, mark }) => ({
    facts: objects.map((_, n) => ({ key: saidKey(n, name), deviation: '', usual: false })),
    describe: (count) => `${count} of ${objects.length} switch objects say ${mark}`,
  }));
};

/** How checks look at a fact: whose children they are, what records ask for them. Facts that are looked at in the same way can stand for each other. */
const viewOf = (key: string, zone: Zone, factsOfChecks: ReadonlyMap<string, string>): string =>
  zone.checks
    .filter((check) => factsOfChecks.get(check.id) === key)
    .map((check) => {
      const parents = zone.checks.flatMap((parent) =>
        parent.kind === 'calculated' ? parent.children.filter((id) => id === check.id).map(() => parent.id) : [],
      );
      const records = zone.records.filter((record) => record.healthCheck === check.id).map((record) => record.id);
      return JSON.stringify([check.inverted, parents.sort(), records.sort()]);
    })
    .sort()
    .join();

const splitByView = (group: FactGroup, view: (key: string) => string): readonly FactGroup[] => {
  const views = new Set(group.facts.map((fact) => view(fact.key)));
  if (views.size <= 1) return [group];
  return group.facts.map((fact) => ({ facts: [fact], describe: () => (fact.key.startsWith('said') ? describeSaid(fact.key) : group.describe(1)) }));
};

const describeSaid = (key: string): string => {
  const [, object, region] = key.split(' ');
  return `switch object ${Number(object) + 1} says active=${region}`;
};

/** Checks that a record asks for, directly or through others. The rest changes no answer. */
const askedFor = ({ records, checks }: Zone): readonly HealthCheck[] => {
  const asked = new Set(records.flatMap((record) => record.healthCheck ?? []));
  // A set is visited in the order in which it grows.
  for (const id of asked) {
    const check = checks.find((candidate) => candidate.id === id);
    if (check?.kind === 'calculated') check.children.forEach((child) => asked.add(child));
  }
  return checks.filter((check) => asked.has(check.id));
};

/** The facts of an environment, in groups, and which check looks at which. */
export class World {
  private readonly factsOfChecks: ReadonlyMap<string, string>;
  private readonly groups: readonly FactGroup[];

  constructor(
    private readonly zone: Zone,
    private readonly expectation: Expectation,
  ) {
    const basic = askedFor(zone).filter((check) => check.kind !== 'calculated');
    this.factsOfChecks = new Map(basic.map((check) => [check.id, factOf(check, expectation)]));
    this.groups = [...this.singleFacts().map((fact) => ({ facts: [fact], describe: () => fact.deviation })), ...this.switchFacts()];
  }

  /** How many situations there are. */
  get size(): number {
    return this.groups.reduce((product, { facts }) => product * (facts.length + 1), 1);
  }

  /** How many combinations of facts they stand for. */
  get combinations(): number {
    return this.groups.reduce((product, { facts }) => product * 2 ** facts.length, 1);
  }

  private singleFacts(): readonly Fact[] {
    const { zone, expectation } = this;
    const looked = new Set(this.factsOfChecks.values());
    const home = looked.has(readyKey(expectation.home.name)) ? [readyFact(expectation.home.name)] : [];
    const standbys = expectation.standbys.map(({ name }) => readyFact(name));
    const unknown = [...this.factsOfChecks].filter(([id, key]) => key === unknownKey(id));
    const asked = zone.records.flatMap(({ target }) => (target.kind === 'loadBalancer' && target.evaluateTargetHealth ? [target.id] : []));
    return [
      ...home,
      ...standbys,
      ...unknown.map(([id, key]) => ({ key, deviation: `what ${id} looks at fails`, usual: true })),
      ...[...new Set(asked)].map((id) => ({ key: loadBalancerKey(id), deviation: `the load balancer ${id} has no healthy target`, usual: true })),
    ];
  }

  private switchFacts(): readonly FactGroup[] {
    const looked = new Set(this.factsOfChecks.values());
    return switchGroups(this.expectation, looked).flatMap((group) => splitByView(group, (key) => viewOf(key, this.zone, this.factsOfChecks)));
  }

  /** Every situation, the healthy one first. */
  *situations(): Generator<Situation> {
    const counts = this.groups.map(() => 0);
    for (;;) {
      yield this.situation(counts);
      let digit = 0;
      while (digit < counts.length && counts[digit] === this.groups[digit]?.facts.length) counts[digit++] = 0;
      if (digit === counts.length) return;
      counts[digit] = (counts[digit] ?? 0) + 1;
    }
  }

  private situation(counts: readonly number[]): Situation {
    const facts = new Map<string, boolean>();
    const deviations: string[] = [];
    this.groups.forEach((group, i) => {
      const count = counts[i] ?? 0;
      group.facts.forEach((fact, n) => facts.set(fact.key, n < count ? !fact.usual : fact.usual));
      if (count > 0) deviations.push(group.describe(count));
    });
    const seen = (key: string): boolean => facts.get(key) ?? true;
    return {
      ready: (region) => seen(readyKey(region)),
      takenBy: this.expectation.standbys.find(({ name }) => this.hasTakenOver(name, facts))?.name,
      results: new Map([...this.factsOfChecks].map(([id, key]) => [id, seen(key)])),
      loadBalancers: new Map([...facts].filter(([key]) => key.startsWith('targets ')).map(([key, value]) => [key.slice('targets '.length), value])),
      deviations,
    };
  }

  private hasTakenOver(region: string, facts: ReadonlyMap<string, boolean>): boolean {
    const { trafficSwitch } = this.expectation;
    if (trafficSwitch === null) return false;
    if (trafficSwitch.kind === 'controls') return facts.get(controlKey(region)) === true;
    const saying = trafficSwitch.objects.filter((_, n) => facts.get(saidKey(n, region)) === true);
    return saying.length > trafficSwitch.objects.length / 2;
  }
}
