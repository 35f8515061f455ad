import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describeIf, programs } from '../support/requires';
import { patroniPrograms } from './supervised';

/** Loads holdfast-backup as a module `b` and runs the script, which prints JSON. */
const inPython = (script: string): unknown => {
  const load = `import importlib.machinery, importlib.util, json
loader = importlib.machinery.SourceFileLoader('b', ${JSON.stringify(join(patroniPrograms, 'holdfast-backup'))})
spec = importlib.util.spec_from_loader('b', loader)
b = importlib.util.module_from_spec(spec)
loader.exec_module(b)
`;
  return JSON.parse(execFileSync('python3', ['-B', '-c', `${load}${script}`], { encoding: 'utf8' })) as unknown;
};

describeIf(programs('python3'), 'holdfast-backup', () => {
  test.each([
    ['wrong-key', "ERROR: [095]: unable to load info file '/pgbackrest/backup/lab/backup.info': CryptoError: unable to flush"],
    ['damaged-backup', 'ERROR: [029]: raised from local-1 protocol: zst error: [-20] Data corruption detected'],
    ['full-disk', 'FATAL:  could not write to file "pg_wal/xlogtemp.39": No space left on device'],
    ['outside-archive', 'FATAL:  recovery ended before configured recovery target was reached'],
    ['outside-archive', 'ERROR: [075]: unable to find backup set with stop time less than'],
    ['missing-wal', 'FATAL:  could not locate required checkpoint record at 0/51000130'],
    ['store-away', 'ERROR: [049]: unable to connect to 10.50.8.10:443'],
    ['failed', 'something that nobody has seen before'],
  ])('takes for %s: %s', (code, output) => {
    const found = inPython(`f = b.meaning(${JSON.stringify(output)})\nprint(json.dumps([f.code, str(f)]))`) as readonly [string, string];
    expect(found[0]).toBe(code);
    expect(found[1]).toContain(output.slice(0, 40));
  });

  test('a repository that can’t be read is told, whatever it decrypted to', () => {
    const info = [{ name: 'lab', repo: [{ key: 1, status: { code: 99, message: '[CryptoError] unable to load info file: \u0001\ufffd"garbage' } }] }];
    const raw = JSON.stringify(info).replace('\\u0001', '\u0001'); // as pgBackRest writes it: not quite JSON
    const found = inPython(`b.pgbackrest = lambda *_, **__: ${JSON.stringify(raw)}
try:
    b.information()
    print(json.dumps('nothing'))
except b.Failed as f:
    print(json.dumps([f.code, str(f)]))`) as readonly [string, string];
    expect(found[0]).toBe('wrong-key');
    expect(found[1]).toContain('cannot be read with this passphrase');
  });

  const steer = (command: string, ...answers: readonly object[]): unknown =>
    inPython(`answers, asked = ${JSON.stringify(JSON.stringify(answers))}, []
left = json.loads(answers)
b.time.sleep = lambda seconds: None
b.delayed_environment = lambda: {}
def psql(sql, *_):
    asked.append(sql.split('(')[0])
    return '' if 'pg_wal_replay_' in sql and 'json' not in sql else json.dumps(left.pop(0))
b.psql = psql
print(json.dumps({'found': b.steer(${JSON.stringify(command)}, 'replica'), 'left': len(left), 'first': asked[0]}))`);

  test('a pause that is requested holds as soon as nothing more is applied', () => {
    const requested = (position: string): object => ({ state: 'pause requested', position });
    expect(steer('pause', requested('0/1'), requested('0/2'), requested('0/2'), { state: 'paused', position: '0/3' })).toEqual({
      found: requested('0/2'),
      left: 1,
      first: 'SELECT pg_wal_replay_pause',
    });
  });

  test('resume waits until it goes on, and a look changes nothing', () => {
    const resumed = { state: 'not paused', position: '0/2' };
    expect(steer('resume', { state: 'paused', position: '0/2' }, resumed)).toMatchObject({ found: resumed, left: 0 });
    expect(steer('delayed', { state: 'paused', position: '0/2' })).toMatchObject({ found: { state: 'paused' }, first: 'SELECT json_build_object' });
  });
});
