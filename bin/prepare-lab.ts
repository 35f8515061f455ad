/** Everything a lab is made of, made or found in the cache: packages, binaries, images; and the charts, rendered for the lab's platform. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { manifestsFor } from '../k8s';
import type { Platform } from '../k8s/platform';
import { checkDisk, checkInotify, whyNoLab } from '../lab/requirements';
import { emulatorPython } from '../lab/aws/emulator';
import { cacheRoot } from '../lab/cache';
import { certbotEnvironment, hasAuthority } from '../lab/acme/settings';
import { hasOutside } from '../lab/edge/settings';
import { buildImages } from '../lab/images/build';
import { containerdTemplate } from '../lab/images/containerd-template';
import { ACME_IMAGES, DATA_IMAGES, type ImageName, REFERENCE_IMAGES, WORKLOAD_IMAGES } from '../lab/images/catalog';
import { kubernetesBinaries } from '../lab/kubernetes/binaries';
import type { KubernetesObject } from '../lab/kubernetes/api';
import { projectRoot } from '../lab/kubernetes/scripts';
import { objectStoreBinary } from '../lab/s3/binary';
import { labBackupStorage } from '../lab/s3/settings';
import { labSettings, type LabSettings } from '../lab/settings';
import type { LabParts, Progress } from '../lab/up';
import { ENVIRONMENTS } from '../lib/environments';
import { defineEnvironment } from '../lib/topology/define';
import { runsReferenceBackend } from '../lib/topology/reference-backend';
import type { Environment } from '../lib/topology/types';
import { AWS_ENDPOINT } from '../lab/aws/settings';
import { environmentOfLab } from '../lab/state';
import { LAB_ENVIRONMENTS } from './environments';
import { EXIT, UsageError } from './exit';

/** The machine can't run a lab: said before anything is touched. */
export class NoLabError extends Error {
  readonly exitCode = EXIT.notPossible;
}

/** @param environment default: that of the running lab, or `lab` */
export const settingsOf = (name: string, environment = environmentOfLab(name) ?? 'lab'): LabSettings => {
  const input = LAB_ENVIRONMENTS.includes(environment) ? ENVIRONMENTS[environment] : undefined;
  if (input === undefined) throw new UsageError(`--environment: given "${environment}"; allowed: ${LAB_ENVIRONMENTS.join(', ')}`);
  return labSettings(name, defineEnvironment(input));
};

export const prepareLab = async (progress: Progress, lab: LabSettings): Promise<LabParts> => {
  const reason = whyNoLab();
  if (reason !== undefined) throw new NoLabError(reason);
  await checkDisk();
  checkInotify(lab.environment.regions.flatMap((region) => region.zones).length, lab.environment.regions.length);
  const compiler = lab.environment.regions.length > 1 ? ['--compiler'] : []; // for the relay between regions
  const python = hasOutside(lab) || hasAuthority(lab) ? ['--python'] : []; // for the emulated AWS
  execFileSync('bash', [join(projectRoot(), 'scripts', 'host-packages.sh'), ...compiler, ...python], { stdio: ['ignore', 'inherit', 'inherit'] });
  const options = { cacheDir: cacheRoot(), progress };
  const binaries = await kubernetesBinaries(options);
  const images = await buildImages({ ...options, names: imagesOf(lab.environment) });
  const objectStore = await objectStoreBinary(progress);
  const template = await containerdTemplate(images, options);
  if (hasOutside(lab) || hasAuthority(lab)) await emulatorPython(progress);
  const references = Object.fromEntries(Object.entries(images).map(([name, image]) => [name, image.reference]));
  return { binaries, images: { template, pause: images.pause.reference }, objectStore, references };
};

const imagesOf = (environment: Environment): readonly ImageName[] => [
  ...DATA_IMAGES,
  ...(environment.workloads.length === 0 ? [] : WORKLOAD_IMAGES),
  ...(environment.acme?.client === 'certbot' ? ACME_IMAGES : []),
  ...(runsReferenceBackend(environment) ? REFERENCE_IMAGES : []),
];

const labPlatform = (lab: LabSettings, references: Readonly<Record<string, string>>): Platform => {
  const image = (name: string): string => references[name] ?? missing(name);
  const cache = lab.environment.cache === null ? {} : { cache: image(lab.environment.cache.engine) };
  const workloads =
    lab.environment.workloads.length === 0 ? {} : { rollouts: image('rollouts'), metricsServer: image('metrics-server'), gateway: image('gateway') };
  const acme = lab.environment.acme?.client === 'certbot' ? { acme: image('acme') } : {};
  const reference = runsReferenceBackend(lab.environment) ? { backend: image('backend') } : {};
  const data = { etcd: image('etcd'), patroni: image('patroni'), pgbouncer: image('pgbouncer'), agent: image('agent'), coredns: image('coredns') };
  return {
    images: { ...data, ...cache, ...workloads, ...acme, ...reference },
    imagePullPolicy: 'Never',
    storage: 'local',
    secrets: 'provided',
    certificates: 'provided',
    backups: labBackupStorage(lab.environment),
    regionGateway: 'node-addresses',
    kubelets: 'unverified',
    acme: { kind: 'lab', environment: certbotEnvironment(lab) },
    leaseStore: { kind: 'emulated', endpoint: AWS_ENDPOINT },
  };
};

const missing = (name: string): never => {
  throw new Error(`the lab has no image "${name}"`);
};

/** The production charts, for the lab's platform. */
export const labCharts = (lab: LabSettings, references: Readonly<Record<string, string>>): readonly (readonly KubernetesObject[])[] =>
  manifestsFor(lab.environment, lab.region, labPlatform(lab, references)).map((chart) => chart.objects as readonly KubernetesObject[]);
