/** Whom a gateway sends requests to, from HAProxy's own statistics (`/stats;json`). Pure. */

export interface GatewayServer {
  readonly address: string;
  readonly up: boolean;
}

interface Field {
  readonly objType?: string;
  readonly field?: { readonly name?: string };
  readonly value?: { readonly value?: unknown };
}

const isFields = (value: unknown): value is readonly Field[] => Array.isArray(value);

/** @throws Error when it is not what HAProxy writes */
export const serversOf = (statistics: unknown): readonly GatewayServer[] => {
  if (!Array.isArray(statistics)) throw new Error('the statistics of a gateway must be a list');
  return statistics.filter(isFields).flatMap((fields) => {
    if (fields[0]?.objType !== 'Server') return [];
    const value = (name: string): string => {
      const found = fields.find((f) => f.field?.name === name)?.value?.value;
      return typeof found === 'string' ? found : '';
    };
    const [address = ''] = value('addr').split(':');
    // "UP 1/3" is on its way down and still gets requests.
    return address === '' ? [] : [{ address, up: /^(UP|no check)/.test(value('status')) }];
  });
};

/** Whether none of these pods gets requests by this gateway. */
export const isOut = (servers: readonly GatewayServer[], pods: readonly string[]): boolean => !servers.some(({ address, up }) => up && pods.includes(address));
