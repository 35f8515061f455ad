import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialsLoop, type Clients, type CredentialsPorts } from '../../../agents/follower/credentials';

type Row = Readonly<Record<string, unknown>>;

/** Runs the loop for so many turns; `turn` is told before each sleep. */
const runFor = async (
  turns: number,
  answers: (command: string) => readonly Row[],
  turn: (n: number, directory: string) => void,
): Promise<{ commands: string[]; seen: Clients[] }> => {
  const directory = mkdtempSync(join(tmpdir(), 'credentials-'));
  symlinkSync('v1', join(directory, '..data'));
  const stop = new AbortController();
  const commands: string[] = [];
  const seen: Clients[] = [];
  let [now, turned] = [0, 0];
  const console: CredentialsPorts['console'] = {
    query: (command) => {
      commands.push(command);
      return Promise.resolve().then(() => answers(command));
    },
    ask: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const sleep = (ms: number): Promise<void> => {
    now += ms;
    if (ms >= 500) turn(++turned, directory);
    if (turned >= turns) stop.abort();
    return Promise.resolve();
  };
  const ports = {
    directories: [directory],
    database: 'app',
    console,
    log: () => undefined,
    now: () => now,
    sleep,
    reloaded: () => undefined,
    stop: stop.signal,
  };
  await credentialsLoop({ ...ports, seen: (clients) => seen.push(clients) });
  rmSync(directory, { recursive: true });
  return { commands, seen };
};

const replace = (directory: string, version: string): void => {
  rmSync(join(directory, '..data'));
  symlinkSync(version, join(directory, '..data'));
};

test('PgBouncer is told to read its files again when the kubelet has replaced them, once, and not otherwise', async () => {
  const { commands } = await runFor(
    6,
    () => [],
    (n, directory) => (n === 2 ? replace(directory, 'v2') : undefined),
  );
  expect(commands.filter((command) => command === 'RELOAD')).toHaveLength(1);
});

test('a reload that fails is tried again', async () => {
  let refused = 0;
  const answers = (command: string): readonly Row[] => {
    if (command === 'RELOAD' && refused++ === 0) throw new Error('PgBouncer is not there');
    return [];
  };
  const { commands } = await runFor(6, answers, (n, directory) => (n === 1 ? replace(directory, 'v2') : undefined));
  expect(commands.filter((command) => command === 'RELOAD')).toHaveLength(2);
});

test('it waits while somebody logs in: a reload in a handshake can end PgBouncer', async () => {
  let asked = 0;
  const answers = (command: string): readonly Row[] => (command === 'SHOW SOCKETS' && asked++ < 3 ? [{ state: 'login' }] : []);
  const { commands } = await runFor(4, answers, (n, directory) => (n === 1 ? replace(directory, 'v2') : undefined));
  expect(commands.slice(0, commands.indexOf('RELOAD')).filter((command) => command === 'SHOW SOCKETS')).toHaveLength(4);
});

test('clients of the database are counted by user; the console’s own are not', async () => {
  const rows = [
    { database: 'app', user: 'app' },
    { database: 'app', user: 'app' },
    { database: 'app', user: 'app_alt' },
    { database: 'pgbouncer', user: 'pgbouncer' },
  ];
  const { seen } = await runFor(
    2,
    (command) => (command === 'SHOW CLIENTS' ? rows : []),
    () => undefined,
  );
  expect(seen[0]?.byUser).toEqual({ app: 2, app_alt: 1 });
});
