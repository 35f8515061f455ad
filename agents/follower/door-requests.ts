/** What may be asked at a region's door: paths, queries and bodies, checked before anything is done. */
import type { RegionOrder } from '../../lib/failover/region-orders';
import { type Check, expected, flag, object, parseChecked, text } from '../checks';

/** Names of regions, of failovers and of wishes: nothing that would have to be quoted in a log. */
const word = expected('1 to 128 letters, digits, ".", "_", ":", "/", "@", "-"', (v) => typeof v === 'string' && /^[A-Za-z0-9._:/@-]{1,128}$/.test(v));
/** Of a wish only its being another one counts. */
const wish = expected('1 to 128 printable characters', (v) => typeof v === 'string' && /^[\x20-\x7e]{1,128}$/.test(v));
const epoch = expected('a whole number from 1 on', (v) => Number.isSafeInteger(v) && Number(v) >= 1);
const numbered = { epoch, execution: word };

const BODIES: Readonly<Record<RegionOrder['kind'], Check>> = {
  promise: object(numbered),
  withdraw: object(numbered),
  promote: object(numbered),
  demote: object({ ...numbered, target: text }),
  drain: object({ on: flag, epoch }),
  prepare: object({ wish }),
};

export const isOrder = (name: string): name is RegionOrder['kind'] => Object.hasOwn(BODIES, name);

/** @throws ConfigError with every problem at once */
export const parseOrder = (kind: RegionOrder['kind'], body: string): RegionOrder => {
  const fields = parseChecked(BODIES[kind], `POST /${kind}`, body, 'the body') as object;
  return { kind, ...fields } as RegionOrder;
};

/** @throws ConfigError with every problem at once */
export const parseVouchQuestion = (query: URLSearchParams): { readonly region: string; readonly epoch: number } => {
  const given = { for: query.get('for') ?? undefined, epoch: Number(query.get('epoch') ?? Number.NaN) };
  const checked = parseChecked(object({ for: word, epoch }), 'GET /vouch?for=<region>&epoch=<number>', JSON.stringify(given), 'the query') as {
    for: string;
    epoch: number;
  };
  return { region: checked.for, epoch: checked.epoch };
};
