import { summarize, usesIn } from '../../../lib/services/rotation/audit';

const POSTGRES = `2026-11-22 08:40:01.100 UTC [70] [unknown]@[unknown] 10.50.101.9 LOG:  connection received: host=10.50.101.9 port=40000
2026-11-22 08:40:01.120 UTC [70] app@app 10.50.101.9 LOG:  connection authenticated: identity="app" method=scram-sha-256 (/pg_hba.conf:10)
2026-11-22 08:40:01.130 UTC [70] app@app 10.50.101.9 LOG:  connection authorized: user=app database=app SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)
2026-11-22 08:40:02.130 UTC [71] replicator@[unknown] 10.50.102.5 LOG:  replication connection authorized: user=replicator application_name=pg-euc1-1 SSL enabled
2026-11-22 08:41:00.000 UTC [72] app@app 10.50.101.9 FATAL:  password authentication failed for user "app"
2026-11-22 08:41:01.000 UTC [73] app@app 10.50.101.9 FATAL:  role "app" is not permitted to log in
2026-11-22 08:41:02.000 UTC [74] app@app 10.50.101.9 FATAL:  terminating connection due to administrator command
2026-11-22 08:41:03.000 UTC [75] app@app 10.50.101.9 ERROR:  relation "x" does not exist
`;
const PGBOUNCER = `2026-11-22 08:40:00.500 UTC [1] LOG C-0x55d0: app/app@10.50.9.10:51234 login attempt: db=app user=app tls=TLSv1.3/TLS_AES_256_GCM_SHA384
2026-11-22 08:40:03.500 UTC [1] WARNING C-0x55d0: app/app@10.50.9.11:51235 pooler error: password authentication failed
2026-11-22 08:40:04.500 UTC [1] LOG stats: 50 xacts/s
`;

test('logins at a member are seen, and those that were refused, and nothing else', () => {
  expect(usesIn('member', 'pg-0', POSTGRES).map((u) => [u.at, u.role, u.from, u.letIn, u.replication])).toEqual([
    ['2026-11-22T08:40:01.130Z', 'app', '10.50.101.9', true, false],
    ['2026-11-22T08:40:02.130Z', 'replicator', '10.50.102.5', true, true],
    ['2026-11-22T08:41:00.000Z', 'app', '10.50.101.9', false, false],
    ['2026-11-22T08:41:01.000Z', 'app', '10.50.101.9', false, false],
  ]);
});

test('logins at a pooler carry the client’s own address', () => {
  expect(usesIn('pooler', 'pgbouncer-0', PGBOUNCER).map((u) => [u.at, u.role, u.from, u.letIn])).toEqual([
    ['2026-11-22T08:40:00.500Z', 'app', '10.50.9.10', true],
    ['2026-11-22T08:40:03.500Z', 'app', '10.50.9.11', false],
  ]);
});

test('the summary counts by role, origin and door, the latest last', () => {
  expect(summarize([...usesIn('member', 'pg-0', POSTGRES), ...usesIn('pooler', 'pgbouncer-0', PGBOUNCER)])).toEqual([
    { role: 'app', from: '10.50.9.10', door: 'pooler', letIn: 1, refused: 0, first: '2026-11-22T08:40:00.500Z', last: '2026-11-22T08:40:00.500Z' },
    { role: 'replicator', from: '10.50.102.5', door: 'member', letIn: 1, refused: 0, first: '2026-11-22T08:40:02.130Z', last: '2026-11-22T08:40:02.130Z' },
    { role: 'app', from: '10.50.9.11', door: 'pooler', letIn: 0, refused: 1, first: '2026-11-22T08:40:03.500Z', last: '2026-11-22T08:40:03.500Z' },
    { role: 'app', from: '10.50.101.9', door: 'member', letIn: 1, refused: 2, first: '2026-11-22T08:40:01.130Z', last: '2026-11-22T08:41:01.000Z' },
  ]);
});
