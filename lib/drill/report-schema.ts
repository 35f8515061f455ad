/** JSON schema of the report, published as docs/drill-report.schema.json (a test holds the two equal: run test/drill/report.test.ts with UPDATE_SCHEMA=1 to write the file, then `npm run format`). */
import { REPORT_SCHEMA } from './report-types';
import { VERDICTS } from './verdict';

const text = { type: 'string' } as const;
const name = { type: 'string', minLength: 1 } as const;
const count = { type: 'integer', minimum: 0 } as const;
const countOrNull = { type: ['integer', 'null'], minimum: 0 } as const;
const seconds = { type: 'number', minimum: 0 } as const;
const secondsOrNull = { type: ['number', 'null'], minimum: 0 } as const;
const verdict = { enum: VERDICTS } as const;
const list = (items: object): object => ({ type: 'array', items });
/** Further fields are allowed everywhere: a drill that measures something else adds to the report. */
const object = (required: Readonly<Record<string, object>>, optional: Readonly<Record<string, object>> = {}): object => ({
  type: 'object',
  required: Object.keys(required),
  properties: { ...required, ...optional },
});

const range = { type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 2, maxItems: 2 };
const rows = list(object({ client: name, count, ids: list(range) }));

const stages = object(
  { faultAt: { const: 0 } },
  {
    detected: secondsOrNull,
    lockTaken: secondsOrNull,
    promoted: secondsOrNull,
    routed: secondsOrNull,
    firstAck: secondsOrNull,
  },
);

const probe = object({
  probe: name,
  samples: count,
  maxSilenceSeconds: seconds,
  medianIntervalSeconds: secondsOrNull,
  limitSeconds: seconds,
  medianLimitSeconds: secondsOrNull,
});

const run = object(
  {
    seed: { type: 'integer' },
    verdict,
    gapSeconds: secondsOrNull,
    ackedLost: countOrNull,
    readThenLost: countOrNull,
    writablePrimaries: countOrNull,
    falseFailovers: countOrNull,
    healthyAgainSeconds: secondsOrNull,
    stages,
    notes: list(text),
  },
  {
    checks: list(object({ check: name, verdict, detail: text })),
    gaps: list(object({ client: name, seconds, open: { type: 'boolean' } })),
    rpoSeconds: secondsOrNull,
    lost: rows,
    readLost: rows,
    acknowledgedTwice: countOrNull,
    localCommitMarginSeconds: { type: ['number', 'null'] },
    clientErrors: countOrNull,
    errorsBeyondOneRetry: countOrNull,
    excludedClients: list(object({ client: name, because: text })),
    sampling: list(probe),
    timeline: name,
    logs: list(object({ name, path: name })),
  },
);

const summary = object({
  runs: count,
  p50: secondsOrNull,
  p99: secondsOrNull,
  max: secondsOrNull,
  ackedLost: countOrNull,
  readThenLost: countOrNull,
  verdict,
});

const budget = object({ lowerSeconds: seconds, upperSeconds: seconds, stages: list(object({ name, lower: seconds, upper: seconds, source: text })) });

export const REPORT_JSON_SCHEMA: object = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Report of a Holdfast drill',
  ...object(
    {
      schema: { const: REPORT_SCHEMA },
      drill: { type: 'string', pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' },
      requirements: list(name),
      environment: name,
      mode: { enum: ['stock', 'fenced', null] },
      startedAt: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?(Z|[+-]\\d{2}:\\d{2})$' },
      command: text,
      seed: { type: 'integer' },
      machine: object({ cores: { type: 'integer', minimum: 1 }, memoryGiB: { type: 'number', exclusiveMinimum: 0 }, kernel: text }),
      versions: { type: 'object', additionalProperties: text },
      configurationHash: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
      objective: object({ rtoSeconds: seconds, rpoSeconds: seconds }),
      budget,
      runs: list(run),
      summary,
    },
    { title: text },
  ),
};
