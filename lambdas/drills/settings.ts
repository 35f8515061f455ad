/** What the functions of the drills are told by their environment. */
import type { DrillSettings } from '../../lib/operations/drills/settings';
import { isScenario } from '../../lib/operations/drills/proof';
import type { Scenario } from '../../lib/topology/scenarios';

/** @throws Error naming the variable */
export const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is missing; the stack of the drills sets it`);
  return value;
};

/** Written by the stack from the model. */
export const drillSettingsHere = (): DrillSettings => JSON.parse(required('HOLDFAST_DRILLS')) as DrillSettings;

/** What the state machine hands over. */
export interface DrillEvent {
  readonly drill: Scenario;
  readonly askedBy: 'schedule' | 'person';
  /** The execution's name. */
  readonly run: string;
  readonly rest: Readonly<Record<string, unknown>>;
}

const isPlain = (v: unknown): v is Readonly<Record<string, unknown>> => typeof v === 'object' && v !== null && !Array.isArray(v);

/** @throws TypeError with everything that is wrong: people start executions by hand */
export const drillEvent = (event: unknown, settings: DrillSettings): DrillEvent => {
  const given = isPlain(event) ? event : {};
  const { drill, askedBy, run, ...rest } = given;
  const known = settings.drills.map((schedule) => schedule.drill);
  const wrong = [
    ...(typeof drill === 'string' && isScenario(drill) && known.includes(drill) ? [] : [`drill: given ${JSON.stringify(drill)}; allowed: ${known.join(', ')}`]),
    ...(askedBy === 'schedule' || askedBy === 'person' ? [] : [`askedBy: given ${JSON.stringify(askedBy)}; allowed: "schedule" or "person"`]),
    ...(typeof run === 'string' && run !== '' ? [] : [`run: given ${JSON.stringify(run)}; allowed: the execution's name`]),
  ];
  if (wrong.length > 0) throw new TypeError(wrong.join('\n'));
  return { drill: drill as Scenario, askedBy: askedBy as DrillEvent['askedBy'], run: String(run), rest };
};

/** One line of JSON: CloudWatch Logs finds its fields, and reads metrics out of it (the embedded metric format). */
export const logLine = (entry: object): void => void process.stdout.write(`${JSON.stringify(entry)}\n`);

/** A figure as CloudWatch reads it from a log line. @param at ms since 1970 */
export const metricLine = (
  namespace: string,
  dimensions: Readonly<Record<string, string>>,
  name: string,
  value: number,
  at: number,
  resolution: 1 | 60 = 60,
): object => ({
  _aws: {
    Timestamp: at,
    CloudWatchMetrics: [
      { Namespace: namespace, Dimensions: [Object.keys(dimensions)], Metrics: [{ Name: name, Unit: 'Seconds', StorageResolution: resolution }] },
    ],
  },
  ...dimensions,
  [name]: value,
});
