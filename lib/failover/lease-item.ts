/**
 * How the record of the lease lies in its table: one item, whose record is text and whose version is a number, so that a write can be made on the condition that
 * nothing has changed since the record was read. Everybody who writes it (the workflow's functions, the keepers in the regions) uses these. Pure, and without the SDK.
 */
import { LEASE_STEPS, type LeaseEvent, type LeaseRecord } from './lease';

/** The table's keys, both strings. */
export const PARTITION_KEY = 'id';
export const SORT_KEY = 'part';

// Aliases, not interfaces: they fit what the SDK calls an attribute.
export type Text = { readonly S: string };
export type Whole = { readonly N: string };

export const LEASE_KEY = { [PARTITION_KEY]: { S: 'lease' }, [SORT_KEY]: { S: 'lease' } } as const;

export type LeaseItem = Readonly<Record<string, Text | Whole>>;

export interface ConditionalPut {
  readonly TableName: string;
  readonly Item: LeaseItem;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<Record<string, Whole>>;
  readonly ReturnValuesOnConditionCheckFailure: 'ALL_OLD';
}

/** @param before the record that `after` was derived from; null: there was none */
export const leasePut = (table: string, before: LeaseRecord | null, after: LeaseRecord): ConditionalPut => ({
  TableName: table,
  Item: { ...LEASE_KEY, version: { N: String(after.version) }, record: { S: JSON.stringify(after) } },
  ...(before === null
    ? { ConditionExpression: 'attribute_not_exists(#key)', ExpressionAttributeNames: { '#key': PARTITION_KEY } }
    : {
        ConditionExpression: '#version = :before',
        ExpressionAttributeNames: { '#version': 'version' },
        ExpressionAttributeValues: { ':before': { N: String(before.version) } },
      }),
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
});

export const leaseGet = (table: string): { readonly TableName: string; readonly Key: typeof LEASE_KEY; readonly ConsistentRead: true } => ({
  TableName: table,
  Key: LEASE_KEY,
  ConsistentRead: true,
});

/** An item that is none of ours: nothing may be concluded from it, and nothing is written over it. */
export class CorruptLease extends Error {
  override readonly name = 'CorruptLease';
}

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (v: unknown): v is Plain => typeof v === 'object' && v !== null && !Array.isArray(v);
const isWhole = (v: unknown): v is number => Number.isSafeInteger(v) && Number(v) >= 0;
const isText = (v: unknown): v is string => typeof v === 'string' && v.length > 0;

const isEvent = (v: unknown): v is LeaseEvent => isPlain(v) && isWhole(v['epoch']) && isText(v['holder']) && isText(v['what']);

const isClosing = (v: unknown): boolean =>
  isPlain(v) &&
  isText(v['execution']) &&
  isWhole(v['epoch']) &&
  (v['how'] === 'settled' || v['how'] === 'given-back') &&
  (v['by'] === undefined || isText(v['by']));

const CHECKS: Readonly<Record<keyof LeaseRecord, (value: unknown) => boolean>> = {
  environment: isText,
  epoch: isWhole,
  holder: isText,
  phase: (v) => v === 'held' || v === 'moving',
  previous: (v) => v === null || (isPlain(v) && isText(v['region']) && isWhole(v['epoch'])),
  execution: (v) => v === null || isText(v),
  step: (v) => v === null || (LEASE_STEPS as readonly unknown[]).includes(v),
  renewedAt: (v) => typeof v === 'number' && Number.isFinite(v),
  renewals: isWhole,
  cooldownUntil: (v) => typeof v === 'number' && Number.isFinite(v),
  closed: (v) => v === null || isClosing(v),
  history: (v) => Array.isArray(v) && v.every(isEvent),
  version: isWhole,
};

const textOf = (item: Plain, name: string): string | undefined => {
  const { [name]: attribute } = item;
  if (!isPlain(attribute)) return undefined;
  const value = attribute['S'] ?? attribute['N'];
  return typeof value === 'string' ? value : undefined;
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * @param item as DynamoDB gives it; undefined: there is none
 * @throws CorruptLease naming the field
 */
export const leaseOf = (item: unknown): LeaseRecord | null => {
  if (item === undefined || item === null) return null;
  const record = isPlain(item) ? parsed(textOf(item, 'record') ?? '') : undefined;
  if (!isPlain(record))
    throw new CorruptLease('the item of the lease has no record that can be read; allowed: what the functions and keepers of Holdfast write');
  const wrong = Object.entries(CHECKS).find(([field, check]) => !check(record[field]));
  if (wrong !== undefined)
    throw new CorruptLease(
      `the lease's ${wrong[0]} is ${JSON.stringify(record[wrong[0]]) ?? 'missing'}: that is no record of ours; restore it from the table's backup`,
    );
  if (!isPlain(item) || textOf(item, 'version') !== String(record['version'])) throw new CorruptLease('the version of the item is not that of its record');
  return record as unknown as LeaseRecord;
};
