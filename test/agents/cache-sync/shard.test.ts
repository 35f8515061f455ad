import { newMetrics } from '../../../agents/cache-sync/metrics';
import { Shard } from '../../../agents/cache-sync/shard';
import { seeded } from '../../drill/support/random';
import { FakeSource, FakeTarget, MASTER } from './fake-cache';

const sleep = (): Promise<void> => new Promise((done) => setTimeout(done, 1));

interface Bench {
  readonly source: FakeSource;
  readonly target: FakeTarget;
  readonly metrics: ReturnType<typeof newMetrics>;
  readonly copied: string[];
  readonly end: () => Promise<void>;
}

const running: Bench[] = [];
afterEach(() => Promise.all(running.splice(0).map((bench) => bench.end())));

const started = (prepare: (source: FakeSource, target: FakeTarget) => void = () => undefined): Bench => {
  const [source, target, metrics, stop, copied] = [new FakeSource(), new FakeTarget(), newMetrics(), new AbortController(), [] as string[]];
  prepare(source, target);
  const onCopied = (key: Buffer): Promise<void> => Promise.resolve(void copied.push(key.toString()));
  const context = { connect: source.connect, target, batch: 4, flushSeconds: 0.001, sleep, onCopied, metrics, log: () => undefined, stop: stop.signal };
  const ended = new Shard(MASTER, context).run();
  const bench = {
    source,
    target,
    metrics,
    copied,
    end: () => {
      stop.abort();
      return ended;
    },
  };
  running.push(bench);
  return bench;
};

const until = async (what: string, holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 2000; i++) {
    if (holds()) return;
    await sleep();
  }
  throw new Error(`not within 2000 turns: ${what}`);
};
const same = ({ source, target }: Bench): boolean =>
  source.data.size === target.data.size && [...source.data].every(([key, value]) => target.data.get(key) === value);

describe('a shard', () => {
  test('copies what is there, and removes what the source does not have', async () => {
    const bench = started((source, target) => {
      for (let i = 0; i < 20; i++) source.data.set(`k${i}`, `v${i}`);
      target.data.set('stale', 'x');
    });
    await until('equal', () => same(bench));
    expect(bench.metrics.comparisons).toBe(1);
  });

  test('follows changes, deletions and a flush', async () => {
    const bench = started();
    await until('connected', () => bench.metrics.comparisons === 1);
    bench.source.set('a', '1');
    bench.source.set('b', '2');
    bench.source.delete('a');
    await until('equal', () => same(bench) && bench.target.data.size === 1);
    expect(bench.copied).toContain('b');
    bench.source.flush();
    await until('empty', () => bench.target.data.size === 0);
  });

  test('any bytes are a key', async () => {
    const bench = started((source) => source.data.set('\u0000\u00ff{}\n', 'v'));
    await until('equal', () => same(bench) && bench.target.data.size === 1);
  });

  test('finds what changed while it was not connected', async () => {
    const bench = started((source) => source.data.set('gone', '1'));
    await until('equal', () => same(bench) && bench.target.data.size === 1);
    bench.source.lose();
    bench.source.delete('gone');
    bench.source.set('new', '2');
    await until('equal', () => same(bench) && bench.target.data.has('new'));
    expect(bench.source.connections).toBe(2);
    expect(bench.metrics.connectionErrors).toBeGreaterThan(0);
  });

  test('keeps what the target refused, and copies it later', async () => {
    const bench = started();
    await until('connected', () => bench.metrics.comparisons === 1);
    bench.target.refuses = true;
    bench.source.set('a', '1');
    await until('refused', () => bench.metrics.connectionErrors > 0);
    bench.target.refuses = false;
    await until('equal', () => same(bench) && bench.target.data.size === 1);
  });

  test.each([1, 2, 3, 4, 5])('whatever is lost on the way, ends up equal (seed %i)', async (seed) => {
    const random = seeded(seed);
    const next = (): number => random.next();
    const bench = started((source, target) => {
      for (let i = 0; i < 30; i++) source.data.set(`k${i}`, 'before');
      for (let i = 20; i < 50; i++) target.data.set(`k${i}`, 'stale');
    });
    for (let i = 0; i < 300; i++) {
      const key = `k${Math.floor(next() * 60)}`;
      const dice = next();
      if (dice < 0.02) bench.source.lose();
      else if (dice < 0.03) bench.source.flush();
      else if (dice < 0.3) bench.source.delete(key);
      else bench.source.set(key, `v${i}`);
      bench.target.refuses = next() < 0.05;
      if (next() < 0.3) await sleep();
    }
    bench.target.refuses = false;
    await until('equal', () => same(bench));
  });
});
