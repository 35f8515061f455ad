/**
 * The verifier: the records that were synthesized, evaluated by Route 53's rules for every place that a client may be in and every combination of what health
 * checkers may see, against what the model asks for. What is answered must be
 *   - something, always;
 *   - never the home region for any name, once another region has taken over;
 *   - for the writers' name the region that takes writes, so the same one for every client;
 *   - for the applications' name the region that the client's continent prefers, while it is usable; otherwise the one that takes writes, also when nothing is healthy.
 * All of it is decided by the present state alone: when health comes back, so does the answer.
 */
import { CONTINENTS, type Continent } from '../../topology/types';
import { answer, RecordIndex } from './answer';
import type { Expectation } from './expectation';
import { healthOf, type Health } from './health';
import { World, type Situation } from './situations';
import { missingChecks, structureViolations } from './structure';
import type { ReadZone } from './template';
import type { Answer, Zone } from './types';
import type { RoutingViolation } from './violation';

/** More would take minutes; seven regions have fewer. */
const MOST_SITUATIONS = 300_000;

export interface Verification {
  readonly violations: readonly RoutingViolation[];
  /** Situations of the health checks that were looked at. */
  readonly situations: number;
  /** What they stand for: of checks that look at the same kind of thing in the same way only the number that is true matters. */
  readonly combinations: number;
  /** Questions that were answered: situations x places x names. */
  readonly cases: number;
}

type Place = Continent | null;

/** Places that no record and no preference tells apart. */
interface Client {
  readonly place: Place;
  readonly names: string;
  readonly preferred: string;
}

const clientsOf = ({ records }: Zone, { preferences, home }: Expectation): readonly Client[] => {
  const named = (continent: Continent): boolean =>
    preferences[continent] !== undefined || records.some(({ routing }) => routing.kind === 'geolocation' && routing.continent === continent);
  const others = CONTINENTS.filter((continent) => !named(continent));
  return [
    ...CONTINENTS.filter(named).map((place) => ({ place, names: place, preferred: preferences[place] ?? home.name })),
    { place: null, names: ['a place that is not known', ...others].join(', '), preferred: home.name },
  ];
};

interface Question {
  readonly name: string;
  readonly client: Client;
  readonly situation: Situation;
}

/** What is wrong with an answer. */
interface Fault {
  readonly rule: string;
  readonly what: string;
}

const regionOf = ({ records }: Answer): string | undefined => {
  const [record] = records;
  return record?.kind === 'loadBalancer' ? record.region : undefined;
};

class Verifier {
  private readonly index: RecordIndex;
  private readonly clients: readonly Client[];
  private readonly found = new Map<string, RoutingViolation>();
  private situations = 0;
  private cases = 0;

  constructor(
    private readonly zone: ReadZone,
    private readonly expectation: Expectation,
  ) {
    this.index = new RecordIndex(zone.records);
    this.clients = clientsOf(zone, expectation);
  }

  run(world: World): Verification {
    for (const situation of world.situations()) {
      this.situations++;
      const health = healthOf(this.zone.checks, situation.results, situation.loadBalancers);
      for (const client of this.clients) {
        for (const name of [this.expectation.application, this.expectation.writer]) this.ask({ name, client, situation }, health);
      }
      if (situation.deviations.length === 0) this.askRegions(situation, health);
    }
    return { violations: [...this.found.values()], situations: this.situations, combinations: world.combinations, cases: this.cases };
  }

  private ask(question: Question, health: Health): void {
    this.cases++;
    const { name, client } = question;
    const given = answer(this.index, health, { name, type: 'A', continent: client.place });
    const fault = this.faultOf(question, given);
    if (fault !== undefined) this.report(question, given, fault);
  }

  /** A region's own name leads to its own load balancer. Nothing about it depends on health. */
  private askRegions(situation: Situation, health: Health): void {
    const [client] = this.clients;
    for (const region of [this.expectation.home, ...this.expectation.standbys]) {
      this.cases++;
      const given = answer(this.index, health, { name: region.host, type: 'A', continent: null });
      if (regionOf(given) === region.name || client === undefined) continue;
      const what = `the name of ${region.name} leads to ${regionOf(given) ?? 'nothing'}`;
      this.report({ name: region.host, client, situation }, given, { rule: 'a-region-answers-for-itself', what });
    }
  }

  private faultOf({ name, client, situation }: Question, given: Answer): Fault | undefined {
    const { home, standbys, writer, ttl } = this.expectation;
    const region = regionOf(given);
    const active = situation.takenBy ?? home.name;
    if (region === undefined) return { rule: 'always-an-answer', what: `nothing is answered (${given.status})` };
    if (situation.takenBy !== undefined && region === home.name)
      return { rule: 'never-a-fenced-region', what: `${region} is answered, from which writes were switched away to ${active}` };
    const late = given.ttl <= ttl ? undefined : this.tooLong(given);
    if (name === writer) return region === active ? late : { rule: 'one-region-for-writers', what: `${region} is answered, but ${active} takes writes` };
    const usable = client.preferred === home.name ? situation.takenBy === undefined : situation.ready(client.preferred);
    if (usable && region !== client.preferred)
      return { rule: 'the-preferred-region-while-usable', what: `${region} is answered, although ${client.preferred} is preferred there and usable` };
    if (usable || region === active) return late;
    if (standbys.every((standby) => !situation.ready(standby.name)))
      return {
        rule: 'right-when-nothing-is-healthy',
        what: `${region} is answered, but with no other region ready it has to be ${active}, by the traffic switch`,
      };
    return { rule: 'never-an-unready-region', what: `${region} is answered; ${client.preferred} is not usable, so it has to be ${active}` };
  }

  private tooLong({ ttl }: Answer): Fault {
    return { rule: 'answers-expire-in-time', what: `the answer is kept for ${ttl} s, and dns.ttl, which the budgets count on, is ${this.expectation.ttl} s` };
  }

  private report({ name, client, situation }: Question, given: Answer, { rule, what }: Fault): void {
    const where = given.path[given.path.length - (given.path.length > 1 ? 2 : 1)] ?? name;
    const key = [rule, name, client.names].join('|');
    const before = this.found.get(key);
    if (before !== undefined) {
      this.found.set(key, { ...before, cases: before.cases + 1 });
      return;
    }
    const state = situation.deviations.length === 0 ? 'everything is healthy' : situation.deviations.join('; ');
    const path = given.path.length === 0 ? 'no record' : given.path.join(' -> ');
    this.found.set(key, { rule, where, message: `${name}, asked from ${client.names}, when ${state}: ${what}; followed: ${path}`, cases: 1 });
  }
}

/** @param zone from `readZone`, with every stack of the environment */
export const verifyRouting = (zone: ReadZone, expectation: Expectation): Verification => {
  const structure = structureViolations(zone, expectation);
  if (missingChecks(zone).length > 0) return { violations: structure, situations: 0, combinations: 0, cases: 0 };
  const world = new World(zone, expectation);
  if (world.size > MOST_SITUATIONS) {
    const message = `${world.size} situations of the health checks are more than can be looked at (${MOST_SITUATIONS}); use fewer regions, or fewer health checks`;
    return {
      violations: [...structure, { rule: 'every-case-is-looked-at', where: expectation.application, message, cases: 0 }],
      situations: 0,
      combinations: 0,
      cases: 0,
    };
  }
  const result = new Verifier(zone, expectation).run(world);
  return { ...result, violations: [...structure, ...result.violations] };
};
