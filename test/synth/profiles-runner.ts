/** Synthesizes profiles in environments with the charts that are deployed, one after the other, and prints what came of each as JSON. A program: `profiles.test.ts` bundles and starts it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesize } from '../../bin/synth';
import { ENVIRONMENTS } from '../../lib/environments';
import type { Profile } from '../../lib/profiles/profile';
import { defineEnvironment } from '../../lib/topology/define';
import type { Environment, EnvironmentInput } from '../../lib/topology/types';
import { PROFILES, withProfile } from '../profiles/support';

export interface Result {
  readonly profile: string;
  readonly environment: string;
  /** Why there are no templates; empty: there are. */
  readonly error: string;
  /** Workloads that a region's template does not bring, as `<region> <workload>`. */
  readonly missing: readonly string[];
}

export interface Results {
  readonly results: readonly Result[];
  readonly cpuSeconds: number;
}

/** Faults that no rule of the model knows, so that only the synthesis can find them. */
const PLANTED: Readonly<Record<string, (profile: Profile) => Profile>> = {
  'a chart that is too large to be deployed': (profile) => ({
    ...profile,
    workloads: profile.workloads.map((workload) => ({ ...workload, environment: { CATALOGUE: 'x'.repeat(200_000) } })),
  }),
};
/** Named, so that the result shows that they are looked for. */
const NOT_THERE = 'a workload that is not there';

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Properties: { readonly Manifest?: unknown } }>>;
}

/** A chart as it is in a template: JSON as text, around what only AWS knows. */
const objectsIn = (manifest: unknown): readonly { readonly kind: string; readonly metadata: { readonly name: string } }[] => {
  const parts = typeof manifest === 'string' ? [manifest] : ((manifest as { 'Fn::Join'?: readonly [string, readonly unknown[]] })['Fn::Join']?.[1] ?? []);
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'known-to-aws')).join('')) as ReturnType<typeof objectsIn>;
};

const releasesIn = (templateFile: string): readonly string[] =>
  Object.values((JSON.parse(readFileSync(templateFile, 'utf8')) as Template).Resources)
    .filter(({ Properties: { Manifest } }) => Manifest !== undefined)
    .flatMap(({ Properties: { Manifest } }) => objectsIn(Manifest))
    .filter(({ kind }) => kind === 'Rollout')
    .map(({ metadata }) => metadata.name);

const missingIn = (environment: Environment, wanted: readonly string[], outdir: string): readonly string[] => {
  const { stacks } = synthesize({ environments: [environment], fast: true, outdir });
  return environment.regions.flatMap(({ name: region }) => {
    const stack = stacks.find(({ name }) => name === `${environment.name}-${region}-workloads`);
    const releases = stack === undefined ? [] : releasesIn(stack.templateFile);
    return wanted.filter((workload) => !releases.includes(workload)).map((workload) => `${region} ${workload}`);
  });
};

const attempt = (profile: string, input: EnvironmentInput, content: Profile, more: readonly string[] = []): Result => {
  const outdir = mkdtempSync(join(tmpdir(), 'profiles-'));
  try {
    const environment = defineEnvironment(withProfile(input, content));
    const wanted = [...environment.workloads.map(({ name }) => name), ...more];
    return { profile, environment: input.name, error: '', missing: missingIn(environment, wanted, outdir) };
  } catch (error) {
    return { profile, environment: input.name, error: error instanceof Error ? error.message : String(error), missing: [] };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
};

const environments = Object.values(ENVIRONMENTS);
const cheapest = ENVIRONMENTS['dev'];
const backend = PROFILES['backend'];
if (cheapest === undefined || backend === undefined) throw new Error('nothing to try');

const results: readonly Result[] = [
  ...Object.entries(PROFILES).flatMap(([name, profile]) => environments.map((environment) => attempt(name, environment, profile))),
  ...Object.entries(PLANTED).map(([name, plant]) => attempt(name, cheapest, plant(backend))),
  attempt(NOT_THERE, cheapest, backend, ['phantom']),
];
const { userCPUTime, systemCPUTime } = process.resourceUsage();
process.stdout.write(JSON.stringify({ results, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6 } satisfies Results));
