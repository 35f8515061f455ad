/** Against moto's server: what the job does with AWS Secrets Manager. */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand, GetSecretValueCommand, ListSecretVersionIdsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { copyToSecretsManager, type CopyOut } from '../../../agents/rotation/secrets-manager';
import { emulatorPython, startEmulator } from '../../../lab/aws/emulator';
import { until } from '../../../lab/exec';
import { copyConfig, rotationJson, type RotationConfig } from '../../../lib/services/rotation/job';
import { homeRegion } from '../../../lib/topology/derive';
import { environmentNamed } from '../../k8s/fixtures';
import { freePort } from '../../support/free-port';
import { describeIf, programs } from '../../support/requires';

const environment = environmentNamed('staging');
const config = copyConfig(environment, homeRegion(environment));
const SECRET = config.names.database;
const INSTALL_MILLISECONDS = 240_000;

describeIf(programs('python3'), 'the copy in AWS Secrets Manager', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-moto-'));
  let emulator: ChildProcess;
  let client: SecretsManagerClient;
  let copy: CopyOut;
  let options: { readonly endpoint: string; readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } };
  const stored = async (): Promise<unknown> => JSON.parse((await client.send(new GetSecretValueCommand({ SecretId: SECRET }))).SecretString ?? '');
  const versions = async (): Promise<number> =>
    (await client.send(new ListSecretVersionIdsCommand({ SecretId: SECRET, IncludeDeprecated: true }))).Versions?.length ?? 0;

  beforeAll(async () => {
    const [port, python] = [await freePort(), await emulatorPython(() => undefined)];
    emulator = startEmulator({ python, port, frontPort: port, logFile: join(directory, 'log') });
    options = { endpoint: `http://127.0.0.1:${port}`, credentials: { accessKeyId: 'lab', secretAccessKey: 'lab' } };
    client = new SecretsManagerClient({ region: config.region, ...options });
    copy = copyToSecretsManager(config, options);
    const SecretString = JSON.stringify({ 'application-password': 'old', 'backup-cipher': 'never changes' });
    await until('moto', 60, async () => client.send(new CreateSecretCommand({ Name: SECRET, SecretString })).catch(() => undefined));
  }, INSTALL_MILLISECONDS);

  afterAll(() => {
    emulator.kill('SIGKILL');
    client.destroy();
    rmSync(directory, { recursive: true, force: true });
  });

  test('has the new login, and keeps what is not rotated', async () => {
    await copy('database', { 'application-password': 'new', 'application-username': 'app_alt' });
    expect(await stored()).toEqual({ 'application-password': 'new', 'application-username': 'app_alt', 'backup-cipher': 'never changes' });
  });

  test('is not written again when a rotation is resumed', async () => {
    const before = await versions();
    await copy('database', { 'application-password': 'new' });
    expect(await versions()).toBe(before);
    await copy('database', { 'application-password': 'newer' });
    expect(await versions()).toBeGreaterThan(before);
  });

  test('that is not there stops the rotation, and says which', async () => {
    const cache = { ...config, names: { database: 'holdfast/nowhere', cache: null } };
    const nowhere = copyToSecretsManager(cache, options);
    await expect(nowhere('database', {})).rejects.toThrow(/holdfast\/nowhere in AWS Secrets Manager .* could not be brought up to date: .*go on with --resume/);
    await expect(nowhere('cache', {})).rejects.toThrow(/there is no secret .* for "cache"/);
  });
});

test('the job is told of a copy only where the passwords came from there', () => {
  const read = (copied: boolean): RotationConfig => JSON.parse(rotationJson(environment, homeRegion(environment), copied)) as RotationConfig;
  expect([read(true).copy, read(false).copy]).toEqual([config, null]);
});
