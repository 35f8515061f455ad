import { Match } from 'aws-cdk-lib/assertions';
import { deploymentOrderOf, namedEnvironment, resourcesOf, stageOf, templateOf, templatesOf, variant } from './environments';
import { CACHE_SECRET_KEYS, cacheSecretName, homeRegion, POSTGRES_SECRET_KEYS, postgresSecretName } from '../../lib/topology/derive';

const environment = namedEnvironment('production');
const production = templatesOf(environment);
const home = templateOf(production, 'eu-central-1-data-protection');
const standby = templateOf(production, 'us-east-1-data-protection');
const dev = templateOf(templatesOf(namedEnvironment('dev')), 'eu-central-1-data-protection');

const BACKUPS = { BucketName: { 'Fn::Join': ['', ['holdfast-production-euc1-backups-', { Ref: 'AWS::AccountId' }]] } };

describe.each([
  ['home', home],
  ['standby', standby],
])('the backup bucket of the %s region', (_role, template) => {
  test('keeps versions, encrypted with a key that is rotated', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: { 'Fn::GetAtt': ['DataKey17AFBB84', 'Arn'] } } },
        ],
      },
    });
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    template.hasResourceProperties('AWS::KMS::Alias', { AliasName: 'alias/holdfast/production/data' });
  });

  test('locks every object for as long as the model says', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 14 } } },
    });
  });

  test('expires old versions only, after the retention of the model', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: [{ NoncurrentVersionExpiration: { NoncurrentDays: 35 }, ExpiredObjectDeleteMarker: true, ExpirationInDays: Match.absent() }],
      },
    });
  });

  test('is not public, takes TLS 1.2 or newer only, and survives its stack', () => {
    for (const bucket of resourcesOf(template, 'AWS::S3::Bucket').values()) {
      expect(bucket.Properties.PublicAccessBlockConfiguration).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(bucket.DeletionPolicy).toBe('Retain');
    }
    for (const policy of resourcesOf(template, 'AWS::S3::BucketPolicy').values()) {
      expect(policy.Properties.PolicyDocument).toMatchObject({
        Statement: expect.arrayContaining([
          expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          expect.objectContaining({ Effect: 'Deny', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
        ]),
      });
    }
  });

  test('has its accesses recorded', () => {
    template.hasResourceProperties('AWS::S3::Bucket', { LoggingConfiguration: { LogFilePrefix: 'backups/' } });
  });
});

const mirrored = templateOf(
  templatesOf({ ...environment, backups: { ...environment.backups, secondRepository: false, replicateToStandby: true } }),
  'eu-central-1-data-protection',
);

describe('replication', () => {
  test('copies everything to the bucket and the key of the standby region, by their names', () => {
    mirrored.hasResourceProperties('AWS::S3::Bucket', {
      ...BACKUPS,
      ReplicationConfiguration: {
        Rules: [
          {
            Status: 'Enabled',
            Filter: { Prefix: '' },
            SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
            Destination: {
              Bucket: { 'Fn::Join': ['', ['arn:aws:s3:::holdfast-production-use1-backups-', { Ref: 'AWS::AccountId' }]] },
              EncryptionConfiguration: {
                ReplicaKmsKeyID: { 'Fn::Join': ['', ['arn:aws:kms:us-east-1:', { Ref: 'AWS::AccountId' }, ':alias/holdfast/production/data']] },
              },
            },
          },
        ],
      },
    });
    standby.hasResourceProperties('AWS::S3::Bucket', { BucketName: { 'Fn::Join': ['', ['holdfast-production-use1-backups-', { Ref: 'AWS::AccountId' }]] } });
  });

  test('is deployed after its destination, and refers to it by name only', () => {
    expect(deploymentOrderOf(environment).get('eu-central-1-data-protection')).toEqual(['eu-central-1-alerts', 'us-east-1-data-protection']);
    expect(JSON.stringify(home.toJSON())).not.toContain('Fn::GetStackOutput');
    const imported = JSON.stringify(home.toJSON()).match(/"Fn::ImportValue":"[^"]*"/g) ?? [];
    expect(imported.filter((name) => !name.includes('-eu-central-1-alerts:'))).toEqual([]);
  });

  test('is absent where the model does not ask for it', () => {
    for (const template of [home, standby, dev]) expect(JSON.stringify(template.toJSON())).not.toContain('ReplicationConfiguration');
  });
});

describe('the passwords', () => {
  test.each([
    ['PostgreSQL', postgresSecretName(environment, homeRegion(environment)), POSTGRES_SECRET_KEYS],
    ['the cache', cacheSecretName(environment, homeRegion(environment)), CACHE_SECRET_KEYS],
  ])('of %s are generated by AWS and put together without appearing in the template', (_, name, keys) => {
    const secrets = [...resourcesOf(home, 'AWS::SecretsManager::Secret').values()].map((s) => s.Properties).filter((s) => String(s.Name).startsWith(name));
    const generated = secrets.filter((s) => s.GenerateSecretString !== undefined);
    expect(generated.map((s) => s.Name)).toEqual(keys.map((key) => `${name}/${key}`));
    const [composed, ...others] = secrets.filter((s) => s.SecretString !== undefined);
    expect(others).toEqual([]);
    const text = (composed?.SecretString as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1]
      .map((part) => (typeof part === 'string' ? part : 'reference'))
      .join('');
    const json = JSON.parse(text) as Record<string, string>;
    expect(Object.keys(json)).toEqual([...keys]);
    for (const value of Object.values(json)) expect(value).toBe('{{resolve:secretsmanager:reference:SecretString:::}}');
  });

  test('can be read in the standby region when the home region is lost', () => {
    home.hasResourceProperties('AWS::SecretsManager::Secret', {
      Name: 'holdfast/production/eu-central-1/postgres',
      ReplicaRegions: [{ Region: 'us-east-1', KmsKeyId: 'alias/holdfast/production/data' }],
    });
    standby.resourceCountIs('AWS::SecretsManager::Secret', 0);
  });
});

describe('an environment that does not retain its data', () => {
  test('leaves nothing behind', () => {
    for (const [id, resource] of resourcesOf(dev)) if (resource.DeletionPolicy !== undefined) expect([id, resource.DeletionPolicy]).toEqual([id, 'Delete']);
    dev.resourceCountIs('Custom::S3AutoDeleteObjects', 2);
  });

  test('has no object lock unless the model asks for it', () => {
    expect(JSON.stringify(dev.toJSON())).not.toContain('ObjectLock');
  });
});

test('an environment whose name makes a bucket name too long is refused', () => {
  expect(() => stageOf({ ...variant('dev', {}), name: 'an-environment-with-a-very-long-name-indeed' })).toThrow(/63: shorten the name of the environment/);
});

test.each([
  ['home', home],
  ['standby', standby],
])('the %s region has a key of its own that signs and never leaves KMS', (_role, template) => {
  template.hasResourceProperties('AWS::KMS::Key', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY', MultiRegion: Match.absent() });
  template.hasResourceProperties('AWS::KMS::Alias', { AliasName: 'alias/holdfast/production/signing' });
});

describe('alarms on backups', () => {
  const silences = [...resourcesOf(home, 'AWS::CloudWatch::Alarm')].map(([, { Properties }]) => Properties);

  test('ring when no backup was verified for as long as the model says, or nothing was archived for a quarter of an hour', () => {
    const looks = silences.map((alarm) => [
      (alarm.Dimensions as { Name: string; Value: unknown }[]).find((d) => d.Name === 'FilterId')?.Value,
      alarm.Period,
      alarm.EvaluationPeriods,
    ]);
    expect(looks).toEqual([
      ['verified', 3600, environment.backups.newestVerifiedMaxAge / 3600],
      ['archived', 300, 3],
    ]);
  });

  test('take silence for the worst, and count what the store itself has seen written', () => {
    for (const alarm of silences)
      expect(alarm).toMatchObject({
        Namespace: 'AWS/S3',
        MetricName: 'PutRequests',
        ComparisonOperator: 'LessThanThreshold',
        Threshold: 1,
        TreatMissingData: 'breaching',
      });
    home.hasResourceProperties('AWS::S3::Bucket', {
      MetricsConfigurations: [
        { Id: 'verified', Prefix: 'pgbackrest/verified/production/' },
        { Id: 'archived', Prefix: 'pgbackrest/archive/production/' },
      ],
    });
  });
});
