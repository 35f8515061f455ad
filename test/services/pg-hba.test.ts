import { pgHba, pgIdent } from '../../lib/services/pg-hba';
import { homeRegion } from '../../lib/topology/derive';
import { environmentNamed } from '../k8s/fixtures';

const home = homeRegion(environmentNamed('production'));
const lines = pgHba(home).map((line) => line.split(' '));

test('whoever is let in over the network comes with TLS, and with SCRAM or a certificate of its name', () => {
  const admitting = lines.filter((line) => line.at(-1) !== 'reject');
  expect(admitting.filter(([type]) => type !== 'hostssl' && type !== 'local')).toEqual([]);
  expect(admitting.filter((line) => line[0] === 'hostssl' && line.at(-1) !== 'scram-sha-256')).toEqual([
    ['hostssl', '"app"', 'maintenance', '10.10.0.0/16', 'cert'],
  ]);
});

test('everything that no line names is rejected, replication by name (`all` does not mean it)', () => {
  expect(pgHba(home).slice(-3)).toEqual(['local all all reject', 'host all all all reject', 'host replication all all reject']);
});

test('the superuser comes from its own machine only', () => {
  expect(lines.filter(([, , role]) => role === 'postgres').map(([type, , , address]) => `${type} ${address}`)).toEqual(['local peer', 'hostssl 127.0.0.1/32']);
  expect(pgIdent()).toEqual(['superuser postgres postgres', 'superuser root postgres', 'backup postgres backup']);
});

test('a former primary may stream from itself: it rewinds by its own timeline', () => {
  expect(pgHba(home)).toContain('hostssl replication replicator,replicator_alt 127.0.0.1/32 scram-sha-256');
});

test('members and poolers come from the region’s network', () => {
  const fromNetwork = pgHba(home).filter((line) => line.includes(home.network.vpcCidr));
  expect(fromNetwork).toEqual([
    'hostssl replication replicator,replicator_alt 10.10.0.0/16 scram-sha-256',
    'hostssl postgres rewind,rewind_alt 10.10.0.0/16 scram-sha-256',
    'hostssl "app" "app","app_alt" 10.10.0.0/16 scram-sha-256',
    'hostssl "app" maintenance 10.10.0.0/16 cert',
  ]);
});

test('a database or role that is named like a keyword is just a name', () => {
  const region = { ...home, postgres: { ...home.postgres, database: 'all', applicationRole: 'replication' } };
  expect(pgHba(region)).toContain('hostssl "all" "replication","replication_alt" 10.10.0.0/16 scram-sha-256');
});
