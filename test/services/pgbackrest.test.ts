import {
  awsBackupStorage,
  archiveCommand,
  clonePgbackrestConf,
  delayedPgbackrestConf,
  jobPgbackrestConf,
  memberPgbackrestConf,
} from '../../lib/services/pgbackrest';
import { cloneConfiguration, delayedConfiguration, ISOLATED_FILES } from '../../lib/services/isolated-postgres';
import { memberParameters } from '../../lib/services/postgresql-parameters';
import { homeRegion } from '../../lib/topology/derive';
import { environmentNamed } from '../k8s/fixtures';

const environment = environmentNamed('production');
const home = homeRegion(environment);
const standby = environment.regions.find((r) => r.role === 'standby') ?? home;
const storage = awsBackupStorage(environment, home, '123456789012');
const member = memberPgbackrestConf(environment, home, storage);

describe('the repositories', () => {
  test('are encrypted, and in the buckets of both regions, a region’s own first', () => {
    expect(member).toMatch(/^repo1-s3-bucket=holdfast-production-euc1-backups-123456789012$/m);
    expect(member).toMatch(/^repo2-s3-bucket=holdfast-production-use1-backups-123456789012$/m);
    expect(memberPgbackrestConf(environment, standby, storage)).toMatch(/^repo1-s3-bucket=holdfast-production-use1-/m);
    for (const repo of [1, 2]) expect(member).toMatch(new RegExp(`^repo${repo}-cipher-type=aes-256-cbc$`, 'm'));
    expect(member).not.toContain('cipher-pass');
  });

  test('are reached by a role where there is one, and keep what the model says', () => {
    expect(member).toMatch(/^repo1-s3-key-type=web-id$/m);
    expect(member).toMatch(/^repo1-retention-full=35$/m);
  });
});

describe('archiving', () => {
  test('is bounded by the volume, and answers PostgreSQL at once', () => {
    expect(member).toMatch(/^archive-async=y$/m);
    expect(member).toMatch(/^archive-push-queue-max=65536MB$/m);
    expect(memberParameters(environment, home)).toMatchObject({ archive_mode: 'on', archive_timeout: '60s', archive_command: archiveCommand(environment) });
    expect(archiveCommand(environment)).toContain('pgbackrest'); // pgBackRest's own check insists
  });

  test('is nothing that a standby or a promotion waits for', () => {
    expect(Object.keys(memberParameters(environment, home))).not.toContain('restore_command');
  });
});

test('a backup job finds every member by its name, with its certificate, and copies from a standby', () => {
  const job = jobPgbackrestConf(environment, home, storage);
  for (const i of [0, 1, 2]) expect(job).toContain(`pg${i + 1}-host=pg-euc1-${i}.pg-euc1.data.svc.cluster.local`);
  expect(job).toMatch(/^backup-standby=prefer$/m);
  expect(member).toMatch(/^tls-server-auth=holdfast-backup=production$/m);
});

test.each([
  ['an isolated copy', cloneConfiguration(home), clonePgbackrestConf(environment, home, storage)],
  ['the delayed replica', delayedConfiguration(environment, home, 3600), delayedPgbackrestConf(environment, home, storage)],
])('%s archives nothing and streams from nobody', (_, files, conf) => {
  expect(files[ISOLATED_FILES.conf]).toMatch(/^archive_mode = 'off'$/m);
  expect(files[ISOLATED_FILES.conf]).not.toContain('primary_conninfo');
  expect(conf).not.toContain('-host=');
});

test('the delayed replica applies a commit as much later as the model says, and lets in nobody but jobs', () => {
  const files = delayedConfiguration(environment, home, 3600);
  expect(files[ISOLATED_FILES.conf]).toMatch(/^recovery_min_apply_delay = '3600s'$/m);
  expect(files[ISOLATED_FILES.hba]).toMatch(/^hostssl all backup \S+ cert map=jobs$/m);
  expect(files[ISOLATED_FILES.ident]).toBe('jobs holdfast-backup backup\n');
});
