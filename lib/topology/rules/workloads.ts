import { parseCidr } from '../cidr';
import { closest } from '../closest';
import { isLab, WORKLOAD_RESOURCES } from '../derive';
import { REFERENCE_BACKEND } from '../defaults-workloads';
import type { Environment } from '../types';
import type { Workload } from '../types-workloads';
import { quoted, rule, when, type Finding, type Rule } from './rule';

/** A rule about one workload at a time; `at` builds a path inside it. */
export const workloadRule = (
  name: string,
  title: string,
  check: (workload: Workload, at: (path: string) => string, environment: Environment) => readonly Finding[],
): Rule =>
  rule(name, title, (environment) => environment.workloads.flatMap((workload, i) => check(workload, (path) => `workloads[${i}].${path}`, environment)));

/** Names of what stands in the same namespace. */
const RESERVED = ['gateway', 'release-check', 'metrics-adapter', 'memory-keeper', 'limits', 'switches', 'blocklist', ...WORKLOAD_RESOURCES];
const SUFFIXES = ['-canary', '-release'];

export const workloadNames: Rule = workloadRule(
  'workload-names',
  'A workload’s name is a DNS label of at most 40 characters that nothing else has.',
  ({ name }, at, { workloads }) => [
    ...when(!/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name), () => ({
      path: at('name'),
      given: JSON.stringify(name),
      allowed: 'lower-case letters, digits and hyphens, beginning with a letter, at most 40',
      fix: 'rename it',
    })),
    ...when(RESERVED.includes(name) || SUFFIXES.some((suffix) => name.endsWith(suffix)), () => ({
      path: at('name'),
      given: JSON.stringify(name),
      allowed: `none of ${quoted(RESERVED)}, and no name that ends in ${SUFFIXES.join(' or ')}: those are taken by what stands beside workloads`,
      fix: 'rename it',
    })),
    ...when(workloads.filter((other) => other.name === name).length > 1, () => ({
      path: at('name'),
      given: `${JSON.stringify(name)}, ${workloads.filter((other) => other.name === name).length} times`,
      allowed: 'each name once',
      fix: 'rename one of them',
    })),
  ],
);

const BY_DIGEST = /^[^\s@]+@sha256:[0-9a-f]{64}$/;
const BY_TAG_OR_DIGEST = /^[^\s@]+(:[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})$/;

export const imagesArePinned: Rule = workloadRule(
  'images-are-pinned',
  'What is deployed is named by its digest: a tag may be another image tomorrow, on one node and not on another.',
  ({ image }, at, environment) =>
    image === REFERENCE_BACKEND
      ? []
      : when(isLab(environment) ? !BY_TAG_OR_DIGEST.test(image) : !BY_DIGEST.test(image), () => ({
          path: at('image'),
          given: JSON.stringify(image),
          allowed: isLab(environment)
            ? 'registry/name:tag or registry/name@sha256:<64 hexadecimal digits>'
            : `registry/name@sha256:<64 hexadecimal digits>, or "${REFERENCE_BACKEND}"`,
          fix: 'take the digest from `docker buildx imagetools inspect <image>` or from your registry',
        })),
);

const PORT_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/;

export const portsAreUsable: Rule = workloadRule(
  'ports-are-usable',
  'Ports are numbered 1024 to 65535, and each name and number occurs once.',
  ({ ports }, at) => [
    ...when(ports.length === 0, () => ({ path: at('ports'), given: 'none', allowed: 'at least one port', fix: "use [{ name: 'http', port: 8080 }]" })),
    ...ports.flatMap(({ name, port }, i) => [
      ...when(!PORT_NAME.test(name), () => ({
        path: at(`ports[${i}].name`),
        given: JSON.stringify(name),
        allowed: 'at most 15 lower-case letters, digits and hyphens, with a letter',
        fix: 'rename it, for example "http"',
      })),
      ...when(port < 1024 || port > 65_535, () => ({
        path: at(`ports[${i}].port`),
        given: String(port),
        allowed: '1024 to 65535: a container without rights can’t listen below',
        fix: 'use 8080',
      })),
      ...when(ports.findIndex((other) => other.name === name || other.port === port) < i, () => ({
        path: at(`ports[${i}]`),
        given: `${name} ${port} a second time`,
        allowed: 'each name and each number once',
        fix: 'remove or rename it',
      })),
    ]),
  ],
);

/** Every place that names a port or a path. */
const uses = ({
  probes,
  metrics,
  rollout,
  public: open,
}: Workload): readonly { readonly at: string; readonly port: string | null; readonly paths: readonly string[] }[] => [
  ...(['readiness', 'liveness', 'startup'] as const).map((kind) => ({ at: `probes.${kind}`, port: probes[kind].port, paths: [probes[kind].path] })),
  ...(metrics === null ? [] : [{ at: 'metrics', port: metrics.port, paths: [metrics.path] }]),
  ...(open === null ? [] : [{ at: 'public', port: open.port, paths: [...open.paths, ...open.endpoints.map(({ path }) => path)] }]),
  { at: 'rollout.analysis', port: null, paths: [rollout.analysis.path] },
];

export const portNamesExist: Rule = workloadRule(
  'port-names-exist',
  'Probes, metrics and the public entrance name ports that the workload has, and their paths begin with a slash.',
  (workload, at) => {
    const names = workload.ports.map(({ name }) => name);
    return uses(workload).flatMap((use) => [
      ...when(use.port !== null && !names.includes(use.port), () => ({
        path: at(`${use.at}.port`),
        given: JSON.stringify(use.port),
        allowed: quoted(names),
        fix: 'name one of them, or add the port to ports',
      })),
      ...use.paths
        .filter((path) => !/^\/\S*$/.test(path))
        .map((path) => ({
          path: at(use.at),
          given: `the path ${JSON.stringify(path)}`,
          allowed: 'a path that begins with / and has no spaces',
          fix: `use "/${path}"`,
        })),
    ]);
  },
);

export const needsExist: Rule = workloadRule(
  'needs-exist',
  'A workload needs the database, the cache where there is one, or other workloads, each once.',
  ({ name, needs }, at, { workloads, cache }) => {
    const known = [
      ...WORKLOAD_RESOURCES.filter((resource) => resource !== 'cache' || cache !== null),
      ...workloads.map((w) => w.name).filter((w) => w !== name),
    ];
    return needs.flatMap((need, i) => [
      ...when(!known.includes(need), () => {
        const meant = closest(need, known);
        return {
          path: at(`needs[${i}]`),
          given: JSON.stringify(need),
          allowed: quoted(known),
          fix: need === 'cache' ? 'give the environment a cache (cache: {}), or remove it' : meant === undefined ? 'remove it' : `did you mean "${meant}"?`,
        };
      }),
      ...when(needs.indexOf(need) < i, () => ({ path: at(`needs[${i}]`), given: `"${need}" a second time`, allowed: 'each once', fix: 'remove it' })),
    ]);
  },
);

/** The names on a way from `from` back to itself, or undefined. */
const circle = (from: string, workloads: readonly Workload[], way: readonly string[] = [from]): readonly string[] | undefined => {
  const here = workloads.find(({ name }) => name === way.at(-1));
  for (const need of here?.needs ?? []) {
    if (need === from) return [...way, from];
    const found = way.includes(need) ? undefined : circle(from, workloads, [...way, need]);
    if (found !== undefined) return found;
  }
  return undefined;
};

export const needsAreNoCircle: Rule = rule(
  'needs-are-no-circle',
  'No workload needs itself, by way of others either: none of them could start first.',
  ({ workloads }) => {
    const circles = workloads.map(({ name }) => circle(name, workloads));
    const i = circles.findIndex((found) => found !== undefined);
    return when(i >= 0, () => ({
      path: `workloads[${i}].needs`,
      given: (circles[i] ?? []).join(' needs '),
      allowed: 'an order in which each starts after what it needs',
      fix: 'remove the need of the one that can wait for the other, and let it try again',
    }));
  },
);

export const publicPathsAreDistinct: Rule = rule(
  'public-paths-are-distinct',
  'A path of a host leads to one workload, and what is public has a path.',
  ({ workloads }) => {
    const open = workloads.flatMap(({ public: entrance }, i) => (entrance === null ? [] : [{ ...entrance, at: `workloads[${i}].public.paths` }]));
    const taken = open.flatMap(({ at, host, paths }) => paths.map((path) => ({ at, host, path })));
    return [
      ...open
        .filter(({ paths }) => paths.length === 0)
        .map(({ at }) => ({ path: at, given: 'none', allowed: 'at least one path', fix: 'use ["/"], or public: null' })),
      ...taken.flatMap(({ at, host, path }, i) =>
        when(
          taken.slice(0, i).some((other) => other.path === path && (other.host === host || other.host === null || host === null)),
          () => ({
            path: at,
            given: `"${path}" a second time${host === null ? '' : ` for ${host}`}`,
            allowed: 'each path once',
            fix: 'use a longer path, or another host',
          }),
        ),
      ),
    ];
  },
);

export const egressIsNamed: Rule = workloadRule(
  'egress-is-named',
  'What a workload may connect to outside is a host name or a CIDR that is not everything, and a port.',
  ({ egress }, at) =>
    egress.flatMap(({ host, port }, i) => [
      ...when(!HOST.test(host) && (parseCidr(host) === undefined || host.endsWith('/0')), () => ({
        path: at(`egress[${i}].host`),
        given: JSON.stringify(host),
        allowed: 'a host name like rpc.example.com, or an IPv4 CIDR smaller than everything, like 203.0.113.0/24',
        fix: 'name the host that it connects to',
      })),
      ...when(port < 1 || port > 65_535, () => ({ path: at(`egress[${i}].port`), given: String(port), allowed: '1 to 65535', fix: 'use 443' })),
    ]),
);
const HOST = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

const KEPT = ['PORT', 'POD_NAME', 'NODE_NAME', 'ZONE', 'REGION', 'ENVIRONMENT', 'METRICS_PORT', 'MEMORY_LIMIT_MIB'];
export const environmentVariablesAreFree: Rule = workloadRule(
  'environment-variables-are-free',
  'A workload’s own environment variables have names that shells know, and none of those that say where it runs.',
  ({ environment }, at) =>
    Object.keys(environment).flatMap((name) =>
      when(!/^[A-Z_][A-Z0-9_]*$/.test(name) || KEPT.includes(name) || name.startsWith('DATABASE_') || name.startsWith('CACHE_'), () => ({
        path: at(`environment.${name}`),
        given: JSON.stringify(name),
        allowed: `upper-case letters, digits and underscores; not ${KEPT.join(', ')}, DATABASE_* or CACHE_*, which are set for every workload`,
        fix: 'use another name',
      })),
    ),
);

/** In the order in which violations are reported. */
export const WORKLOAD_RULES: readonly Rule[] = [
  workloadNames,
  imagesArePinned,
  portsAreUsable,
  portNamesExist,
  needsExist,
  needsAreNoCircle,
  publicPathsAreDistinct,
  egressIsNamed,
  environmentVariablesAreFree,
];
