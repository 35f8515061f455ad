/** Takes the one place that a running drill has, and says what is to be hit, and when the dead man's timer ends it. Breaks nothing itself. */
import type { DrillSettings } from '../../lib/operations/drills/settings';
import { drillRunner } from '../../lib/topology/drill-runners';
import { doorCertificate } from '../aws/door-certificate';
import { HttpsDoor } from '../aws/region-door';
import { journalHere } from '../drills/clients-journal';
import { primaryOf } from '../drills/door';
import type { RunningDrill } from '../drills/journal';
import { drillEvent, drillSettingsHere, logLine, required } from '../drills/settings';

export interface StartAnswer {
  readonly startedAt: string;
  /** The primary's member, and the zone that it is in. */
  readonly member: string;
  readonly zone: string;
  /** The claim of the member's volume: the volume says which instance it is attached to. */
  readonly volumeClaim: string;
  readonly radius: 'node' | 'zone';
  /** FIS' template. */
  readonly template: string;
  /** EventBridge Scheduler's expression, in UTC. */
  readonly deadManAt: string;
}

/** FIS' templates by what they take away. */
export interface Templates {
  readonly node: string;
  readonly zone: Readonly<Record<string, string>>;
}

export interface StartPorts {
  readonly now: () => number;
  readonly claim: (running: RunningDrill, now: number) => Promise<boolean>;
  readonly primary: () => Promise<string>;
}

/** The dead man's timer has rung, and what it stopped has ended. */
const SETTLE_MS = 5 * 60_000;

/** Member n is in zone n modulo their number (lib/topology, k8s/postgres): its place says its zone. */
export const zoneOf = ({ member: prefix, zones }: DrillSettings, member: string): string => {
  const n = member.startsWith(`${prefix}-`) ? Number(member.slice(prefix.length + 1)) : Number.NaN;
  const zone = Number.isInteger(n) && n >= 0 ? zones[n % zones.length] : undefined;
  if (zone === undefined) throw new Error(`the primary is "${member}"; allowed: ${prefix}-<number>`);
  return zone;
};

export const makeStart =
  (settings: DrillSettings, templates: Templates, ports: StartPorts) =>
  async (given: unknown): Promise<StartAnswer> => {
    const { drill, run } = drillEvent(given, settings);
    const runner = drillRunner(settings, drill);
    if (runner.kind !== 'fault') throw new Error(`"${drill}" is no drill that a machine carries out here`);
    const member = await ports.primary();
    const zone = zoneOf(settings, member);
    const template = runner.radius === 'node' ? templates.node : templates.zone[zone];
    if (template === undefined) throw new Error(`there is no template of FIS for ${zone}; there are ${Object.keys(templates.zone).join(', ')}`);
    const now = ports.now();
    const end = now + settings.drillPolicy.longest * 1000;
    if (!(await ports.claim({ drill, run, until: end + SETTLE_MS }, now))) throw new Error('another drill has begun meanwhile, and two are never run at once');
    const answer: StartAnswer = {
      startedAt: new Date(now).toISOString(),
      member,
      zone,
      volumeClaim: `data-${member}`,
      radius: runner.radius,
      template,
      deadManAt: `at(${new Date(end).toISOString().slice(0, 19)})`,
    };
    logLine({ environment: settings.name, drill, run, ...answer });
    return answer;
  };

export const handler = async (event: unknown): Promise<StartAnswer> => {
  const settings = drillSettingsHere();
  const templates = JSON.parse(required('HOLDFAST_FIS_TEMPLATES')) as Templates;
  const journal = journalHere();
  const door = new HttpsDoor({ name: settings.region, doors: settings.doors, doorPort: settings.doorPort }, doorCertificate(settings.region));
  return makeStart(settings, templates, {
    now: () => Date.now(),
    claim: (running, now) => journal.claim(running, now),
    primary: async () => primaryOf(await door.members()),
  })(event);
};
