/** A PostgreSQL server as Patroni would make it from our configuration, without Patroni: initdb, postgresql.conf, pg_hba.conf. */
import { patroniConfiguration } from '../../lib/services/patroni';
import { pgHba, pgIdent } from '../../lib/services/pg-hba';
import { PGDATA } from '../../lib/services/paths';
import { clusterWideParameters, memberParameters, type Parameters } from '../../lib/services/postgresql-parameters';
import type { Region } from '../../lib/topology/types';
import { environmentNamed, listAt } from '../k8s/fixtures';

const configurationLines = (parameters: Parameters): readonly string[] =>
  Object.entries(parameters).map(([name, value]) => `${name} = '${String(value).replaceAll("'", "''")}'`);

export const serverFiles = (region: Region): Record<string, string> => ({
  // The address is Patroni's to give, on the command line.
  '/tmp/postgresql.conf': [
    "listen_addresses = '0.0.0.0'",
    ...configurationLines(clusterWideParameters(region)),
    ...configurationLines(memberParameters(environmentNamed('production'), region)),
    '',
  ].join('\n'),
  '/tmp/pg_hba.conf': [...pgHba(region), ''].join('\n'),
  '/tmp/pg_ident.conf': [...pgIdent(), ''].join('\n'),
  '/tmp/password': 'secret\n',
});

const initdbFlags = (region: Region): string =>
  listAt(patroniConfiguration(environmentNamed('production'), region), 'bootstrap.initdb')
    .map((option) =>
      typeof option === 'string' ? `--${option}` : Object.entries(option as Record<string, string>).map(([name, value]) => `--${name}=${value}`),
    )
    .flat()
    .join(' ');

/** Makes a server, starts it, and prints what it thinks of its configuration. */
export const postgresScript = (region: Region): string => `
initdb --no-sync --username=postgres --pwfile=/tmp/password ${initdbFlags(region)} -D ${PGDATA} >/dev/null
cp /tmp/postgresql.conf /tmp/pg_hba.conf /tmp/pg_ident.conf ${PGDATA}/
pg_ctl -D ${PGDATA} -w -t 20 -l /tmp/log start >/dev/null || { cat /tmp/log; exit 1; }
export PGPASSWORD=secret PGUSER=postgres PGDATABASE=postgres
query() { psql -h /run/postgresql -qAtc "$1"; }
echo "hba errors: $(query 'select count(error) from pg_hba_file_rules')"
echo "setting errors: $(query 'select count(*) from pg_file_settings where error is not null or not applied')"
echo "checksums: $(query 'show data_checksums')"
echo "locale: $(query "select case datlocprovider when 'b' then 'builtin' end || ' ' || datlocale from pg_database where datname = 'postgres'")"
if psql 'host=127.0.0.1 sslmode=disable' -qAtc 'select 1' >/dev/null 2>&1; then plain='let in'; else plain=refused; fi
echo "loopback: $plain without TLS, $(psql 'host=127.0.0.1 sslmode=verify-ca sslrootcert=/tls/postgres/ca.crt' -qAtc "select 'let in'") with TLS"
pg_ctl -D ${PGDATA} -m fast stop >/dev/null
`;
