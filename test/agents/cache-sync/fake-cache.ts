/** A cache in memory: one that tells of changes, forgets those that happen while nobody listens, and breaks off when asked to. */
import type { Copy, NodeConnection, Page, TargetCache } from '../../../agents/cache-sync/ports';
import type { Master } from '../../../agents/cache-sync/topology';

export const MASTER: Master = { id: 'a', host: '10.0.0.1', port: 6379, slots: [{ from: 0, to: 16_383 }] };
const PAGE = 3;

/** The cursor is the last key that was given: like `SCAN`, whatever comes and goes meanwhile, a key that stays is given. */
const page = (keys: readonly string[], cursor: string): Page => {
  const after = cursor === '0' ? keys : keys.filter((key) => key > Buffer.from(cursor, 'hex').toString('latin1'));
  const given = after.slice(0, PAGE);
  const last = given.at(-1);
  return {
    cursor: last === undefined || given.length === after.length ? '0' : Buffer.from(last, 'latin1').toString('hex'),
    keys: given.map((key) => Buffer.from(key, 'latin1')),
  };
};
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

export class FakeSource {
  readonly data = new Map<string, string>();
  connections = 0;
  private listener: ((key: Buffer | null) => void) | undefined;
  private breakOff: ((why: string) => void) | undefined;
  private alive = false;

  set(key: string, value: string): void {
    this.data.set(key, value);
    this.listener?.(Buffer.from(key, 'latin1'));
  }

  delete(key: string): void {
    this.data.delete(key);
    this.listener?.(Buffer.from(key, 'latin1'));
  }

  flush(): void {
    this.data.clear();
    this.listener?.(null);
  }

  lose(): void {
    this.alive = false;
    this.listener = undefined;
    this.breakOff?.('reset by peer');
  }

  private async answer<T>(work: () => T): Promise<T> {
    await turn();
    if (!this.alive) throw new Error('the connection is lost');
    return work();
  }

  readonly connect = async (): Promise<NodeConnection> => {
    await turn();
    this.connections++;
    this.alive = true;
    const lost = new Promise<string>((resolve) => (this.breakOff = resolve));
    return {
      lost,
      close: () => (this.listener = undefined),
      track: (onChange) => this.answer(() => void (this.listener = onChange)),
      scan: (cursor) => this.answer(() => page([...this.data.keys()].sort(), cursor)),
      copies: (keys) => this.answer(() => keys.map((key) => this.copyOf(key.toString('latin1')))),
      exist: (keys) => this.answer(() => keys.map((key) => this.data.has(key.toString('latin1')))),
    };
  };

  private copyOf(key: string): Copy | null {
    const value = this.data.get(key);
    return value === undefined ? null : { value: Buffer.from(value), expiresAt: 0 };
  }
}

export class FakeTarget implements TargetCache {
  readonly data = new Map<string, string>();
  readonly published: string[] = [];
  refuses = false;

  private check(): void {
    if (this.refuses) throw new Error('READONLY');
  }

  async put(key: Buffer, { value }: Copy): Promise<void> {
    await turn();
    this.check();
    this.data.set(key.toString('latin1'), value.toString());
  }

  async remove(key: Buffer): Promise<void> {
    await turn();
    this.check();
    this.data.delete(key.toString('latin1'));
  }

  publish(channel: string, message: Buffer): Promise<void> {
    this.published.push(`${channel} ${message.toString()}`);
    return Promise.resolve();
  }

  masters(): Promise<readonly Master[]> {
    return Promise.resolve([MASTER]);
  }

  scan(_: Master, cursor: string): Promise<Page> {
    return Promise.resolve(page([...this.data.keys()].sort(), cursor));
  }
}
