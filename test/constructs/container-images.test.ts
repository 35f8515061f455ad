import { App, AssetStaging, Stack } from 'aws-cdk-lib';
import { InstanceType } from 'aws-cdk-lib/aws-ec2';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContainerImages } from '../../lib/constructs/container-images';
import { imagesByTag } from '../../lib/services/published-images';
import type { ImageDigests } from '../../lib/topology/types';
import { workloadWithDefaults } from '../../lib/topology/defaults-workloads';

const FOLDER = join(__dirname, '..', 'stacks', 'images');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'images-'));
  cpSync(FOLDER, folder, { recursive: true });
});
afterEach(() => {
  for (const used of [folder, `${folder}-out`]) rmSync(used, { recursive: true, force: true });
});

const hashes = (instanceType = 'm7i.large', referenceBackend = false, imageDigests: ImageDigests = {}): Readonly<Record<string, string>> => {
  AssetStaging.clearAssetHashCache();
  const stack = new Stack(new App({ outdir: `${folder}-out` }), 'stack');
  const { references } = new ContainerImages(stack, 'Images', {
    directory: folder,
    instanceType: new InstanceType(instanceType),
    environment: { imageDigests },
    referenceBackend,
  });
  return Object.fromEntries(Object.entries(references).map(([name, reference]) => [name, JSON.stringify(stack.resolve(reference))]));
};

test('names each built image by its content, and takes CoreDNS and the controllers from their projects', () => {
  const { coredns, rollouts, metricsServer, ...built } = hashes();
  expect(coredns).toMatch(/^"registry\.k8s\.io\/coredns\/coredns:v\d+\.\d+\.\d+"$/);
  expect(rollouts).toMatch(/^"quay\.io\/argoproj\/argo-rollouts:v\d+\.\d+\.\d+"$/);
  expect(metricsServer).toMatch(/^"registry\.k8s\.io\/metrics-server\/metrics-server:v\d+\.\d+\.\d+"$/);
  expect(Object.keys(built)).toEqual(['etcd', 'patroni', 'pgbouncer', 'agent']);
  for (const reference of Object.values(built)) expect(reference).toMatch(/:[0-9a-f]{64}"/);
});

test('a change to one image renames that image only', () => {
  const before = hashes();
  writeFileSync(join(folder, 'etcd', 'Dockerfile'), 'FROM scratch\nUSER 999:999\n');
  const after = hashes();
  expect(Object.keys(before).filter((name) => before[name] !== after[name])).toEqual(['etcd']);
});

test('a change to what they share renames all', () => {
  const before = hashes();
  writeFileSync(join(folder, 'common', 'README'), 'changed');
  const after = hashes();
  expect(Object.keys(before).filter((name) => before[name] !== after[name])).toEqual(['etcd', 'patroni', 'pgbouncer', 'agent']);
});

describe('digests', () => {
  const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

  test('decide beside the tag which image of others is taken', () => {
    const { coredns, rollouts } = hashes('m7i.large', false, { coredns: digest('a') });
    expect(coredns).toMatch(/^"registry\.k8s\.io\/coredns\/coredns:v[\d.]+@sha256:a{64}"$/);
    expect(rollouts).not.toContain('@');
  });

  test('of the base rename every image that is built on it, and nothing else', () => {
    const [before, after] = [hashes(), hashes('m7i.large', false, { base: digest('b') })];
    expect(Object.keys(before).filter((name) => before[name] !== after[name])).toEqual(['etcd', 'patroni', 'pgbouncer', 'agent']);
  });

  test('that are missing are told, of what the environment uses', () => {
    const workloads = [workloadWithDefaults({ name: 'shop', image: 'shop' })];
    expect(imagesByTag({ imageDigests: {}, workloads: [] })).toEqual(['public.ecr.aws/docker/library/debian:13-slim', expect.stringMatching(/coredns:v/)]);
    expect(imagesByTag({ imageDigests: { base: digest('b'), coredns: digest('a') }, workloads })).toEqual([
      expect.stringMatching(/argo-rollouts:v/),
      expect.stringMatching(/metrics-server:v/),
    ]);
    const all = { base: digest('a'), coredns: digest('a'), rollouts: digest('a'), metricsServer: digest('a') };
    expect(imagesByTag({ imageDigests: all, workloads })).toEqual([]);
  });
});

test('other processors need other images', () => {
  expect(hashes('m7g.large').etcd).not.toBe(hashes('m7i.large').etcd);
});

test('builds the reference backend where a workload runs it, and says what to do when it is not bundled', () => {
  expect(hashes('m7i.large', true).backend).toMatch(/:[0-9a-f]{64}"/);
  rmSync(join(folder, 'backend', 'backend.js'));
  expect(() => hashes('m7i.large', true)).toThrow(/backend\.js is missing: `node scripts\/build\.mjs backend`/);
});

test('says what to do when the follower is not bundled', () => {
  rmSync(join(folder, 'agent', 'follower.js'));
  expect(() => hashes()).toThrow(/follower\.js is missing: `node scripts\/build\.mjs agents`/);
});
