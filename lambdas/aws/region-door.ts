/** A region's door over HTTPS, known by certificates on both sides. */
import { Agent } from 'node:https';
import { NoAnswer } from '../../lib/failover/errors';
import type { DoorAnswer, DoorStatus, EpochRequest, RegionDoor } from '../../lib/failover/failover-ports';
import type { RegionSight } from '../../lib/failover/region-observation';
import { DOOR_TIMEOUT, type FailoverSettings, type RegionSettings } from '../../lib/failover/settings';
import type { Vouch } from '../../lib/failover/vouch';
import { POOLER_NAME } from '../../lib/topology/regions';
import type { DoorCertificate } from './door-certificate';
import { exchange, type HttpAnswer } from './https';

/** The next door is asked as well when one has been silent for so long: a zone that is lost costs that, not a time-out. Milliseconds. */
const HEDGE = 150;
/** A round trip, and one that is lost: over any ocean a door that is there is reached within it. Milliseconds. */
const CONNECT = 700;

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);

const parsed = (text: string): Plain | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isPlain(value) ? value : undefined;
  } catch {
    return undefined; // a proxy's page, or half an answer: no word of the region
  }
};

const isAnswer = (v: Plain): boolean => isPlain(v['role']) && (v['kind'] === 'done' || (v['kind'] === 'refused' && typeof v['because'] === 'string'));
const isVouch = (v: Plain): boolean => typeof v['vouches'] === 'boolean' && typeof v['because'] === 'string';
const isStatus = (v: Plain): boolean =>
  typeof v['region'] === 'string' && Number.isSafeInteger(v['epoch']) && ['initialized', 'follows', 'serving'].every((key) => typeof v[key] === 'boolean');
const isSight = (v: Plain): boolean => typeof v['name'] === 'string' && Array.isArray(v['members']) && Number.isSafeInteger(v['expectedMembers']);

interface Question {
  readonly path: string;
  readonly body?: object;
  /** Is this a region's own word, and of the region that was meant? */
  readonly accepts: (value: Plain) => boolean;
}

/** Any of a region's doors speaks for it. */
export class HttpsDoor implements RegionDoor {
  private agent: { readonly made: DoorCertificate; readonly agent: Agent } | undefined;

  constructor(
    private readonly region: Pick<RegionSettings, 'name' | 'doors' | 'doorPort'>,
    private readonly certificate: () => Promise<DoorCertificate>,
    private readonly timeout = DOOR_TIMEOUT * 1000,
  ) {}

  status = (): Promise<DoorStatus> => this.ask({ path: '/region', accepts: (v) => isStatus(v) && v['region'] === this.region.name });
  members = (): Promise<RegionSight> => this.ask({ path: '/members', accepts: (v) => isSight(v) && v['name'] === this.region.name });
  vouch = (forRegion: string, epoch: number): Promise<Vouch> =>
    this.ask({ path: `/vouch?for=${encodeURIComponent(forRegion)}&epoch=${epoch}`, accepts: isVouch });
  promise = (request: EpochRequest): Promise<DoorAnswer> => this.order('promise', request);
  withdraw = (request: EpochRequest): Promise<DoorAnswer> => this.order('withdraw', request);
  promote = (request: EpochRequest): Promise<DoorAnswer> => this.order('promote', request);
  demote = (request: EpochRequest & { readonly target: string }): Promise<DoorAnswer> => this.order('demote', request);
  drain = (request: { readonly on: boolean; readonly epoch: number }): Promise<DoorAnswer> => this.order('drain', request);
  prepare = (wish: string): Promise<DoorAnswer> => this.order('prepare', { wish });

  private order(name: string, body: object): Promise<DoorAnswer> {
    return this.ask({ path: `/${name}`, body, accepts: isAnswer });
  }

  /** The doors in turn, each a little after the one before: the first that gives its region's word counts. Orders may arrive twice: they are conditional on their epoch. */
  private async ask<T>(question: Question): Promise<T> {
    const certificate = await this.certificate();
    const agent = this.agentFor(certificate);
    const failures: string[] = [];
    const stop = new AbortController();
    const attempts = this.region.doors.map(async (address, i) => {
      await pause(i * HEDGE, stop.signal);
      if (stop.signal.aborted) throw new Error('answered by another door');
      return this.askOne<T>(address, agent, question).catch((error: unknown) => {
        failures.push(error instanceof Error ? error.message : String(error));
        throw error;
      });
    });
    try {
      return await Promise.any(attempts);
    } catch {
      throw new NoAnswer(`${this.region.name} ${question.path}: ${[...new Set(failures)].sort().join('; ')}`);
    } finally {
      stop.abort();
    }
  }

  private async askOne<T>(address: string, agent: Agent, { path, body, accepts }: Question): Promise<T> {
    const url = `https://${address}:${this.region.doorPort}${path}`;
    const options = { method: body === undefined ? 'GET' : 'POST', agent, headers: { 'content-type': 'application/json' } };
    const answer = await exchange(
      url,
      options,
      { total: this.timeout, connect: Math.min(CONNECT, this.timeout) },
      body === undefined ? undefined : JSON.stringify(body),
    );
    const value = parsed(answer.body);
    if (value === undefined || !accepts(value)) throw new Error(`${address} gives no word of ${this.region.name}: ${saidIn(answer)}`);
    return value as T;
  }

  /** Connections are kept between questions, until the certificate is renewed. */
  private agentFor(certificate: DoorCertificate): Agent {
    if (this.agent?.made !== certificate) {
      this.agent?.agent.destroy();
      this.agent = { made: certificate, agent: new Agent({ ...certificate, servername: POOLER_NAME, keepAlive: true, maxSockets: 4 }) };
    }
    return this.agent.agent;
  }
}

const saidIn = ({ status, body }: HttpAnswer): string => `status ${status}, ${JSON.stringify(body.slice(0, 200))}`;

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });

/** @throws Error when the model has no such region */
export const doorsOf = (settings: FailoverSettings, certificate: () => Promise<DoorCertificate>): ((name: string) => RegionDoor) => {
  const doors = new Map(settings.regions.map((region) => [region.name, new HttpsDoor(region, certificate)]));
  return (name) => {
    const door = doors.get(name);
    if (door === undefined) throw new Error(`there is no region "${name}"; there are ${[...doors.keys()].join(', ')}`);
    return door;
  };
};
