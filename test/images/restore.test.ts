/** Every way to name a moment, and every archive that can't give it, with the image's own PostgreSQL and pgBackRest: what Patroni would run is run here. */
import { parse } from 'yaml';
import { buildImages, type BuiltImage } from '../../lab/images/build';
import { runInImage } from '../../lab/images/run';
import { answerIn, type JobAnswer } from '../../agents/restore/jobs';
import { coverageOf, type RepositoryReport } from '../../lib/operations/restore/archive';
import { bootstrapConfiguration, failureIn } from '../../lib/operations/restore/plan';
import { parseTarget, type TargetKind } from '../../lib/operations/restore/target';
import { PGBACKREST_CONFIG_DIR, PGDATA } from '../../lib/services/paths';
import { archiveCommand, awsBackupStorage, memberPgbackrestConf, PGBACKREST_CONFIG_FILE } from '../../lib/services/pgbackrest';
import { backupStanza, homeRegion, WAL_SEGMENT_MEBIBYTES } from '../../lib/topology/derive';
import { environmentNamed } from '../k8s/fixtures';
import { describeIf, imageTools } from '../support/requires';

const BUILD_MILLISECONDS = 15 * 60_000;
const environment = environmentNamed('lab');
const region = homeRegion(environment);
const stanza = backupStanza(environment);

/** Known only when the database has been there: the shell puts them in. */
const AT: Readonly<Record<TargetKind, string>> = { time: '2000-01-01 00:00:00+00', lsn: '0/AAAAAAA', xid: '424242', name: 'before-the-bug' };
/** The command line as it is in Patroni's configuration, for a moment that a person wrote. */
const commandFor = (kind: TargetKind, exclusive: boolean, at = AT[kind]): string => {
  const { bootstrap } = parse(JSON.stringify(bootstrapConfiguration(stanza, parseTarget(`${kind}:${at}`, exclusive), 'THEBACKUP', 1))) as {
    bootstrap: { pitr: { command: string } };
  };
  return bootstrap.pitr.command;
};

/** What is asked for, and the newest row that must be there afterwards. */
const CASES: readonly (readonly [TargetKind, boolean, number])[] = [
  ['time', false, 2],
  ['time', true, 2],
  ['xid', false, 3],
  ['xid', true, 2],
  ['lsn', false, 3],
  ['lsn', true, 3],
  ['name', false, 3],
];
const keyOf = (kind: TargetKind, exclusive: boolean): string => `${kind}${exclusive ? '-exclusive' : ''}`;

const REPOSITORY = '/var/lib/postgresql/data/repository';
const SCRIPT = `
set -e
D=/var/lib/postgresql/data
start() { pg_ctl -D $1 -s -w -t 60 -l $2 -o "-c listen_addresses='' -c unix_socket_directories=/run/postgresql -c port=$3 $4" start; }
ask() { psql -h /run/postgresql -p 5432 -U postgres -AqtXc "$1"; }
initdb -k --wal-segsize=${WAL_SEGMENT_MEBIBYTES} -D ${PGDATA} -U postgres --auth=trust >/dev/null
cat >>${PGDATA}/postgresql.conf <<'CONF'
archive_mode = on
archive_command = '${archiveCommand(environment)}'
wal_level = replica
CONF
start ${PGDATA} /tmp/live.log 5432
ask 'CREATE ROLE backup LOGIN SUPERUSER'
ask 'CREATE TABLE orders (id int PRIMARY KEY)'
ask 'INSERT INTO orders VALUES (1)'
holdfast-backup take full >/tmp/take.log || { cat /tmp/take.log; exit 1; }
ask 'INSERT INTO orders VALUES (2)'
TIME=$(ask 'SELECT pg_sleep(0.2)' >/dev/null; ask "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'")
ask 'SELECT pg_sleep(0.2)' >/dev/null
XID=$(ask 'INSERT INTO orders VALUES (3) RETURNING pg_current_xact_id()')
LSN=$(ask 'SELECT pg_current_wal_lsn()')
ask "SELECT pg_create_restore_point('before-the-bug')" >/dev/null
ask 'INSERT INTO orders VALUES (4)'
for id in 5 6 7; do ask 'SELECT pg_switch_wal()' >/dev/null; ask "INSERT INTO orders VALUES ($id)"; done
echo "moment: time $TIME"; echo "moment: xid $XID"; echo "moment: lsn $LSN"
report() { echo "report $1: $(holdfast-backup report $2 | grep '^holdfast-result')"; }
report whole --check
echo "last: $(ask 'SELECT clock_timestamp()')"
pg_ctl -D ${PGDATA} -s -m fast stop
BACKUP=$(pgbackrest --stanza=${stanza} info --output=json | /opt/patroni/bin/python -c 'import json, sys; print(json.load(sys.stdin)[0]["backup"][-1]["label"])')
export PGBACKREST_PG1_PATH=$D/restored
# restore KEY COMMAND: as Patroni does it, and what is there afterwards
restore() {
  rm -rf $D/restored; mkdir -m 700 $D/restored; rm -f /tmp/restored.log
  command=$(printf %s "$2" | sed -e "s|THEBACKUP|$BACKUP|; s|${AT.time}|$TIME|; s|${AT.xid}|$XID|; s|${AT.lsn}|$LSN|")
  outcome=failed
  if eval "$command" >/tmp/restored.log 2>&1; then
    start $D/restored /tmp/restored.log 5432 "-c archive_mode=off" >/dev/null 2>&1 || true
    while pg_ctl -D $D/restored status >/dev/null; do
      if [ "$(ask 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]; then outcome=restored; break; fi
      sleep 0.1
    done
  fi
  if [ $outcome = restored ]; then
    echo "restored $1: $(ask 'SELECT max(id) FROM orders')"
    pg_ctl -D $D/restored -s -m fast stop
  else
    # What a wrong key decrypts to may contain anything, ends of lines too.
    echo "failed $1: $(tr '\\n' '\\t' </tmp/restored.log | LC_ALL=C tr -cd '\\11\\40-\\176')"
  fi
}
${CASES.map(([kind, exclusive]) => `restore ${keyOf(kind, exclusive)} ${JSON.stringify(commandFor(kind, exclusive))}`).join('\n')}
restore never-was ${JSON.stringify(commandFor('xid', true, '99999999'))}
restore no-such-name ${JSON.stringify(commandFor('name', false, 'nobody-made-it'))}
restore nothing-later ${JSON.stringify(commandFor('time', false, '2999-01-01 00:00:00+00'))}
PGBACKREST_REPO1_CIPHER_PASS=wrong report wrong-key
PGBACKREST_REPO1_CIPHER_PASS=wrong restore wrong-key ${JSON.stringify(commandFor('xid', true))}
victim=$(find ${REPOSITORY}/archive -name '0*-*.zst' | sort | tail -3 | head -1)
mv "$victim" /tmp/victim; echo "victim: $(basename "$victim" | cut -c1-24)"
report gap
restore gap ${JSON.stringify(commandFor('xid', true, '99999999'))}
mv /tmp/victim "$victim"
report mended
`;

const env = {
  HOLDFAST_STANZA: stanza,
  HOLDFAST_REPOSITORIES: '1',
  // A directory instead of a bucket; all else is the members' own configuration.
  PGBACKREST_CONFIG: `${PGBACKREST_CONFIG_DIR}/${PGBACKREST_CONFIG_FILE}`,
  PGBACKREST_REPO1_TYPE: 'posix',
  PGBACKREST_REPO1_PATH: REPOSITORY,
  PGBACKREST_REPO1_CIPHER_PASS: 'the right one',
  PGBACKREST_PG1_SOCKET_PATH: '/run/postgresql',
};

describeIf(imageTools, 'a restore, with PostgreSQL and pgBackRest', () => {
  let said: ReadonlyMap<string, string>;
  const line = (what: string): string => said.get(what) ?? `nothing was said of ${what}: ${[...said].flat().join('\n').slice(-3000)}`;
  const reportOf = (what: string): RepositoryReport & JobAnswer => answerIn(line(`report ${what}`)) as RepositoryReport & JobAnswer;
  const covered = (report: RepositoryReport, at: string) => coverageOf(report, parseTarget(at, false), undefined, Date.parse(report.at) / 1000);
  const moments = (): Readonly<Record<'time' | 'xid' | 'lsn', string>> => {
    const of = (kind: string): string =>
      [...said.keys()]
        .find((key) => key.startsWith(`moment ${kind} `))
        ?.split(' ')
        .slice(2)
        .join(' ') ?? '';
    return { time: of('time'), xid: of('xid'), lsn: of('lsn') };
  };

  beforeAll(async () => {
    const patroni: BuiltImage = (await buildImages({ progress: () => undefined })).patroni;
    const configuration = memberPgbackrestConf(environment, region, awsBackupStorage(environment, region, '123456789012'));
    const { stdout, stderr } = await runInImage(patroni, ['bash', '-c', SCRIPT], {
      env,
      files: { [`${PGBACKREST_CONFIG_DIR}/${PGBACKREST_CONFIG_FILE}`]: configuration },
      directories: ['/var/lib/postgresql/data', '/run/postgresql'],
      timeoutSeconds: 400,
    });
    const lines = stdout.split('\n').flatMap((text) => {
      const [, what, rest] = /^([a-z-]+(?: [a-z-]+)?): (.*)$/.exec(text) ?? [];
      return what === undefined || rest === undefined ? [] : [what === 'moment' ? ([`moment ${rest}`, rest] as const) : ([what, rest] as const)];
    });
    said = new Map([...lines, ['stderr', stderr]]);
  }, BUILD_MILLISECONDS);

  test.each(CASES)('to a %s, exclusive: %s, gives everything up to row %i', (kind, exclusive, newest) =>
    expect(line(`restored ${keyOf(kind, exclusive)}`)).toBe(String(newest)),
  );

  test('a moment in the archive is covered, by the very report of the image', () => {
    const { time, xid, lsn } = moments();
    for (const at of [time, `xid:${xid}`, `lsn:${lsn}`, `name:${AT.name}`])
      expect(covered(reportOf('whole'), at)).toMatchObject({ kind: 'covered', repository: 1 });
  });

  test.each([
    ['2020-01-01 00:00:00Z', /lies before the oldest backup/],
    ['2999-01-01 00:00:00Z', /lies in the future/],
    ['lsn:FFFF/0', /lies after the newest archived segment/],
    ['lsn:0/100', /lies before the oldest backup/],
  ])('%s is outside the archive, and refused', (at, because) =>
    expect(covered(reportOf('whole'), at)).toMatchObject({ kind: 'refused', because: expect.stringMatching(because) as string }),
  );

  test('with a segment missing, what lies before it is covered, and what comes after it is refused by its name', () => {
    const { time, lsn, xid } = moments();
    const because = expect.stringContaining(`segment ${line('victim')} of the write-ahead log is missing`) as string;
    expect(covered(reportOf('gap'), `lsn:${lsn}`).kind).toBe('covered');
    for (const at of [`xid:${xid}`, reportOf('gap').at]) expect(covered(reportOf('gap'), at)).toMatchObject({ kind: 'refused', because });
    for (const at of [time, `xid:${xid}`]) expect(covered(reportOf('mended'), at).kind).toBe('covered');
  });

  test.each([
    ['never-was', 'the archive ends before this moment'],
    ['no-such-name', 'the archive ends before this moment'],
    ['nothing-later', 'the archive ends before this moment'],
    ['gap', 'a segment on the way to it is missing'],
    ['wrong-key', 'the repository can’t be read with this passphrase'],
  ])('%s ends the restore, and its log says why', (what, because) => expect(failureIn(line(`failed ${what}`).replaceAll('\t', '\n'))).toContain(because));

  test('a wrong passphrase is told before anything is stopped', () =>
    expect(answerIn(line('report wrong-key'))).toMatchObject({
      ok: false,
      code: 'wrong-key',
      error: expect.stringContaining('cannot be read with this passphrase') as string,
    }));
});
