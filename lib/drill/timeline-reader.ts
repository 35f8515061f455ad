import Ajv from 'ajv';
import { describeJsonFault } from './json-fault';
import { TIMELINE_SCHEMA, type RunTimeline } from './timeline-types';

/** A file that is not the timeline of a run. */
export class TimelineError extends Error {
  constructor(problem: string) {
    super(`not a timeline: ${problem}`);
    this.name = 'TimelineError';
  }
}

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const seconds = { type: 'number' };
const list = (items: object): object => ({ type: 'array', items });
const object = (required: Readonly<Record<string, object>>, optional: Readonly<Record<string, object>> = {}): object => ({
  type: 'object',
  required: Object.keys(required),
  properties: { ...required, ...optional },
});
const interval = { type: 'array', items: seconds, minItems: 2, maxItems: 2 };
const bins = list({ type: 'integer', minimum: 0 });

const SCHEMA = object({
  schema: { const: TIMELINE_SCHEMA },
  from: seconds,
  to: seconds,
  binSeconds: { type: 'number', exclusiveMinimum: 0 },
  clients: list(
    object({ client: text, excluded: textOrNull, acked: bins, errors: bins, gap: object({ from: seconds, to: seconds, open: { type: 'boolean' } }) }),
  ),
  nodes: list(
    object({
      node: text,
      leads: list(interval),
      writable: list(interval),
      states: list(object({ from: seconds, to: seconds, state: text, role: textOrNull, timeline: { type: ['integer', 'null'] } })),
    }),
  ),
  marks: list(object({ t: seconds, name: text }, { detail: text })),
});

const ajv = new Ajv({ allowUnionTypes: true });
const validate = ajv.compile<RunTimeline>(SCHEMA);

/**
 * Reads and validates a timeline.
 * @throws TimelineError naming what is wrong, with its place
 */
export const readTimeline = (content: string): RunTimeline => {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw new TimelineError(describeJsonFault(content));
  }
  if (!validate(value))
    throw new TimelineError((validate.errors ?? []).map((e) => `${e.instancePath || 'the file'} ${e.message ?? 'is not allowed'}`).join('; '));
  if (value.to <= value.from) throw new TimelineError(`it ends (${value.to}) before it begins (${value.from})`);
  return value;
};
