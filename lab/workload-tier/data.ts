/** What of a run is in the database in the end: read by its superuser, past everything that is drilled. */
import type { Stored } from '../../lib/drill/workloads/history';
import { asSuperuser } from '../database';

interface Counted {
  readonly key: string;
  readonly n: string;
}

const ORDERS = 'SELECT idempotency_key AS key, count(*) AS n FROM orders WHERE starts_with(idempotency_key, $1) GROUP BY 1';
const EVENTS = 'SELECT id AS key, count(*) AS n FROM events WHERE starts_with(id, $1) GROUP BY 1';

/** @param leader member that everybody's acknowledged work is on */
export const storedWork = (
  lab: Parameters<typeof asSuperuser>[0],
  leader: string,
  prefix: string,
): Promise<{ readonly orders: Stored; readonly events: Stored }> =>
  asSuperuser(lab, leader, async (client) => {
    const counted = async (query: string): Promise<Stored> => {
      const { rows } = await client.query<Counted>(query, [prefix]);
      return new Map(rows.map(({ key, n }) => [key, Number(n)]));
    };
    return { orders: await counted(ORDERS), events: await counted(EVENTS) };
  });
