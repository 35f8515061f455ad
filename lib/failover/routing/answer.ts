/**
 * What Route 53 answers, by its documented rules. The lab's DNS server and the verifier at synthesis use this same code. The sources are pages of the Route 53
 * developer guide:
 *   [chooses]  "How Amazon Route 53 chooses records when health checking is configured"
 *   [complex]  "How health checks work in complex Amazon Route 53 configurations"
 *   [types]    "Active-active and active-passive failover"
 *   [geo]      "Geolocation routing", and "Values specific for geolocation alias records"
 *   [alias]    "Choosing between alias and non-alias records"
 */
import type { Health } from './health';
import type { Answer, Query, RecordSet } from './types';

/** An alias cannot have a TTL: it takes the load balancer's, 60 s [alias]. */
export const LOAD_BALANCER_TTL = 60;
/** Longer than any chain that is no circle. */
const LONGEST_CHAIN = 32;

export interface AnswerOptions {
  /** A lab has no load balancers of AWS, and a shorter TTL. @default - 60, as on AWS */
  readonly loadBalancerTtl?: number;
}

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/**
 * The records that can answer this client, the first choice first.
 * - Failover: the primary, then the secondary [types].
 * - Geolocation: the smallest place that the client is in, then the next larger one, up to the default. A client of unknown place only has the default; without
 *   one there is no answer [geo].
 */
const candidatesFor = (group: readonly RecordSet[], query: Query): readonly RecordSet[] => {
  const rank = ({ routing }: RecordSet): number => {
    if (routing.kind === 'simple') return 0;
    if (routing.kind === 'failover') return routing.role === 'PRIMARY' ? 0 : 1;
    if (routing.continent === '*') return 1;
    return routing.continent === query.continent ? 0 : -1;
  };
  return group.filter((record) => rank(record) >= 0).sort((a, b) => rank(a) - rank(b));
};

/** The records of a zone by name and type, for whoever asks many questions of the same records. */
export class RecordIndex {
  private readonly groups = new Map<string, RecordSet[]>();
  private readonly names = new Set<string>();

  constructor(records: readonly RecordSet[]) {
    for (const record of records) {
      const name = plain(record.name);
      const key = `${record.type} ${name}`;
      this.names.add(name);
      this.groups.set(key, [...(this.groups.get(key) ?? []), record]);
    }
  }

  /** Whether the name has records of any type. */
  knows(name: string): boolean {
    return this.names.has(plain(name));
  }

  group(name: string, type: string): readonly RecordSet[] {
    return this.groups.get(`${type} ${plain(name)}`) ?? [];
  }
}

/** Answers of one zone under one state of health. */
class Resolution {
  constructor(
    private readonly index: RecordIndex,
    private readonly health: Health,
    private readonly query: Query,
  ) {}

  private group(name: string): readonly RecordSet[] {
    return this.index.group(name, this.query.type);
  }

  /**
   * The first healthy candidate. When none is healthy, all count as healthy, and the first one is taken [chooses: "If no record is healthy, all records are
   * healthy"]; for geolocation that is the record of the smallest place [geo].
   */
  choose(name: string): RecordSet | undefined {
    const candidates = candidatesFor(this.group(name), this.query);
    return candidates.find((record) => this.isHealthy(record, LONGEST_CHAIN)) ?? candidates[0];
  }

  /**
   * - Without a health check, and without evaluating its target, a record is always healthy [chooses; complex: "What happens when you omit health checks", "What
   *   happens when you set Evaluate Target Health to No"].
   * - With a health check it is at most as healthy as the check, also when it is an alias [complex: "What happens when you associate a health check with an alias
   *   record"].
   * - An alias that evaluates its target's health is as healthy as the load balancer, or as the records that it leads to: they are healthy when one that this
   *   client may be given is. Otherwise Route 53 backs out of that branch of the tree and takes the next one [complex].
   */
  private isHealthy(record: RecordSet, depth: number): boolean {
    if (record.healthCheck !== undefined && !this.health.check(record.healthCheck)) return false;
    const { target } = record;
    if (target.kind === 'values' || !target.evaluateTargetHealth) return true;
    if (target.kind === 'loadBalancer') return this.health.loadBalancer(target.id);
    if (depth === 0) return false;
    return candidatesFor(this.group(target.name), this.query).some((next) => this.isHealthy(next, depth - 1));
  }
}

/** @returns what a client is told; `no-data` also for a chain of aliases that leads nowhere or in a circle */
export const answer = (records: readonly RecordSet[] | RecordIndex, health: Health, query: Query, options: AnswerOptions = {}): Answer => {
  const index = records instanceof RecordIndex ? records : new RecordIndex(records);
  const nothing = (status: Answer['status'], path: readonly string[]): Answer => ({ status, records: [], ttl: 0, path });
  if (!index.knows(query.name)) return nothing('no-such-name', []);
  const resolution = new Resolution(index, health, query);
  const path: string[] = [];
  let { name } = query;
  while (path.length < LONGEST_CHAIN) {
    const record = resolution.choose(name);
    if (record === undefined) return nothing('no-data', path);
    path.push(record.id);
    const { target } = record;
    if (target.kind === 'values') {
      return { status: 'answered', records: target.values.map((value) => ({ kind: 'value', value })), ttl: target.ttl, path };
    }
    if (target.kind === 'loadBalancer') return { status: 'answered', records: [target], ttl: options.loadBalancerTtl ?? LOAD_BALANCER_TTL, path };
    ({ name } = target);
  }
  return nothing('no-data', path);
};
