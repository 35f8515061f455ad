import { divided, endpointLimits, LAYERS, mostIn, requestsPerWindow, userBackstop, WAF, type Layer } from '../edge-limits';
import type { Edge, Environment, Limit } from '../types';
import { BLOCKLIST_RULES } from './edge-blocklist';
import { rule, when, type Finding, type Rule } from './rule';

/** A rule about the edge, of environments that have one. */
const edgeRule = (name: string, title: string, check: (edge: Edge, environment: Environment) => readonly Finding[]): Rule =>
  rule(name, title, (environment) => (environment.edge === null ? [] : check(environment.edge, environment)));

const show = ({ requestsPerSecond, window }: Limit): string => `${requestsPerSecond}/s over ${window} s`;
const number = (n: number): string => String(Math.round(n * 1000) / 1000);

const KEYS: Readonly<Record<Layer, Limit['per']>> = { edge: 'address', waf: 'address', user: 'user', endpoint: 'endpoint' };

export const limitsCountTheirKey: Rule = edgeRule(
  'limits-count-their-key',
  'The edge and the WAF count by address, the application by user and by endpoint: no layer knows more than that.',
  ({ limits }) =>
    LAYERS.flatMap((layer) =>
      when(limits[layer].per !== KEYS[layer], () => ({
        path: `edge.limits.${layer}.per`,
        given: JSON.stringify(limits[layer].per),
        allowed: JSON.stringify(KEYS[layer]),
        fix: `use "${KEYS[layer]}", or leave it out`,
      })),
    ),
);

/** Each layer with the one behind it. */
const PAIRS = LAYERS.slice(0, -1).map((layer, i) => [layer, LAYERS[i + 1] ?? 'endpoint'] as const);

export const limitsCascade: Rule = edgeRule(
  'limits-cascade',
  'Each limit is looser than the one behind it, and lets through in its window whatever the one behind it may: who keeps the inner limit never meets the outer one.',
  ({ limits }) =>
    PAIRS.flatMap(([outer, inner]) => {
      const [front, behind] = [limits[outer], limits[inner]];
      const least = mostIn(behind, front.window);
      return [
        ...when(front.requestsPerSecond <= behind.requestsPerSecond, () => ({
          path: `edge.limits.${outer}.requestsPerSecond`,
          given: `${front.requestsPerSecond}/s, in front of edge.limits.${inner} with ${behind.requestsPerSecond}/s`,
          allowed: `more than ${behind.requestsPerSecond}`,
          fix: `use ${behind.requestsPerSecond * 10}, or less than ${front.requestsPerSecond} for edge.limits.${inner}`,
        })),
        ...when(front.requestsPerSecond > behind.requestsPerSecond && requestsPerWindow(front) < least, () => ({
          path: `edge.limits.${inner}.window`,
          given: `${show(behind)}: up to ${number(least)} requests in ${front.window} s, of which edge.limits.${outer} (${show(front)}) lets ${number(requestsPerWindow(front))} through`,
          allowed: `a window of at most ${number(requestsPerWindow(front) / behind.requestsPerSecond - front.window)} s`,
          fix: `shorten it, or raise edge.limits.${outer}.requestsPerSecond to ${Math.ceil(least / front.window)}`,
        })),
      ];
    }),
);

export const endpointLimitsFit: Rule = edgeRule(
  'endpoint-limits-fit',
  'An endpoint’s own limit is > 0 and below the limit of the user: above it, the user’s would always be met first.',
  ({ limits }, environment) =>
    endpointLimits(environment).flatMap(({ method, path, requestsPerSecond, at }) =>
      when(!(requestsPerSecond > 0 && requestsPerSecond < limits.user.requestsPerSecond), () => ({
        path: at,
        given: `${requestsPerSecond}/s for ${method} ${path}`,
        allowed: `more than 0 and less than edge.limits.user.requestsPerSecond (${limits.user.requestsPerSecond})`,
        fix: `leave it out for ${limits.endpoint.requestsPerSecond}/s, or raise the user’s limit`,
      })),
    ),
);

export const limitsAreCountable: Rule = edgeRule(
  'limits-are-countable',
  'Limits of the edge and the WAF are ones that AWS WAF can count: windows of 60, 120, 300 or 600 s, whole requests, at least 10 in a window; those behind them allow at least one request in theirs.',
  (edge) => {
    const counted = [
      ['edge.limits.edge', edge.limits.edge],
      ['edge.limits.waf', edge.limits.waf],
      ['edge.limits.user', userBackstop(edge)],
    ] as const;
    return [
      ...(['edge', 'waf'] as const).flatMap((layer) =>
        when(!WAF.windows.some((window) => window === edge.limits[layer].window), () => ({
          path: `edge.limits.${layer}.window`,
          given: `${edge.limits[layer].window} s`,
          allowed: `one of ${WAF.windows.join(', ')} s: AWS WAF knows no other`,
          fix: 'use seconds(60)',
        })),
      ),
      ...counted.flatMap(([path, limit]) =>
        when(!Number.isInteger(requestsPerWindow(limit)) || requestsPerWindow(limit) < WAF.floor, () => ({
          path: `${path}.requestsPerSecond`,
          given: `${limit.requestsPerSecond}/s: ${number(requestsPerWindow(limit))} requests in the WAF’s ${limit.window} s`,
          allowed: `a whole number of at least ${WAF.floor} requests in ${limit.window} s`,
          fix: `use ${Math.max(1, Math.ceil(WAF.floor / limit.window), Math.round(limit.requestsPerSecond))}`,
        })),
      ),
      ...(['user', 'endpoint'] as const).flatMap((layer) =>
        when(requestsPerWindow(edge.limits[layer]) < 1, () => ({
          path: `edge.limits.${layer}.window`,
          given: `${show(edge.limits[layer])}: ${number(requestsPerWindow(edge.limits[layer]))} requests, so none would ever pass`,
          allowed: `at least ${number(1 / edge.limits[layer].requestsPerSecond)} s`,
          fix: `use seconds(${Math.ceil(1 / edge.limits[layer].requestsPerSecond)})`,
        })),
      ),
    ];
  },
);

export const waitingHelps: Rule = edgeRule(
  'waiting-helps',
  'Who is told to wait is served when he has waited: a Retry-After of whole seconds, at least the window that is counted over, with 429; none with 403.',
  ({ limits }) =>
    LAYERS.flatMap((layer) => {
      const { status, retryAfter, window, requestsPerSecond } = limits[layer];
      const wait = Math.ceil(Math.max(window, 1 / requestsPerSecond));
      const path = `edge.limits.${layer}.retryAfter`;
      return [
        ...when(status === 403 && retryAfter !== null, () => ({
          path,
          given: `${retryAfter} s with 403`,
          allowed: 'null with 403: it refuses, and does not ask to come back',
          fix: 'use null, or status 429',
        })),
        ...when(status === 429 && (retryAfter === null || !Number.isInteger(retryAfter) || retryAfter < wait), () => ({
          path,
          given: retryAfter === null ? 'null with 429' : `${retryAfter} s, with requests counted over ${window} s`,
          allowed: `whole seconds, at least ${wait}: the earlier requests still count until then`,
          fix: `use seconds(${wait}), or more`,
        })),
      ];
    }),
);

export const emergencyTightens: Rule = edgeRule(
  'emergency-tightens',
  'In an emergency limits are divided by more than 1 and at most 100, and nobody waits longer than a minute for one request to an endpoint.',
  ({ emergency, limits }) => [
    ...when(emergency.divisor <= 1 || emergency.divisor > 100, () => ({
      path: 'edge.emergency.divisor',
      given: String(emergency.divisor),
      allowed: 'more than 1, at most 100',
      fix: 'use 4',
    })),
    ...when(emergency.divisor > 1 && divided(limits.endpoint, emergency.divisor).window > 60, () => ({
      path: 'edge.emergency.divisor',
      given: `${emergency.divisor}: one request to an endpoint in ${number(divided(limits.endpoint, emergency.divisor).window)} s`,
      allowed: `at most ${number(Math.min(100, limits.endpoint.requestsPerSecond * 60))}`,
      fix: 'use 4, or raise edge.limits.endpoint.requestsPerSecond',
    })),
  ],
);

/** CS-4 promises legitimate users no outage; so long a limiter without its store may refuse everybody before that is one. */
const LONGEST_REFUSAL = 15;

export const limiterFailsAsDeclared: Rule = edgeRule(
  'limiter-fails-as-declared',
  'What applications do without the limiter’s Redis is possible and keeps the objectives: `closed` refuses everybody for as long as the cache takes to come back; without a cache only `local` limits anything.',
  ({ limiterDown }, { cache, objectives }) => [
    ...when(cache === null && limiterDown !== 'local', () => ({
      path: 'edge.limiterDown',
      given: `"${limiterDown}" in an environment without a cache: ${limiterDown === 'open' ? 'nothing would ever be limited' : 'everybody would be refused for good'}`,
      allowed: '"local", or a cache',
      fix: 'use "local", or add cache: {}',
    })),
    ...when(cache !== null && limiterDown === 'closed' && objectives['redis-majority-lost'].rto > LONGEST_REFUSAL, () => ({
      path: 'edge.limiterDown',
      given: `"closed", with ${objectives['redis-majority-lost'].rto} s for the cache to come back (objectives.redis-majority-lost.rto)`,
      allowed: `"closed" only where the cache is promised within ${LONGEST_REFUSAL} s`,
      fix: 'use "local": each process counts for itself meanwhile',
    })),
  ],
);

export const floodsEnd: Rule = edgeRule(
  'floods-end',
  'Sources of invalid signatures are refused for at least as long as they are counted over, and before the address limit would meet them; after a loss of state limits are whole again within 10 min; bodies are 1 KiB to 10 MiB.',
  ({ invalidSignatures: { perAddress, window, blockFor }, limits, warmUp, maxBody, originSecret }) => [
    ...when(perAddress < 1 || window <= 0 || perAddress / window >= limits.waf.requestsPerSecond, () => ({
      path: 'edge.invalidSignatures.perAddress',
      given: `${perAddress} in ${window} s`,
      allowed: `at least 1, and fewer than edge.limits.waf lets through in that time (${number(limits.waf.requestsPerSecond * window)})`,
      fix: 'use 20 in seconds(60)',
    })),
    ...when(blockFor < window, () => ({
      path: 'edge.invalidSignatures.blockFor',
      given: `${blockFor} s, counted over ${window} s`,
      allowed: `at least ${window} s`,
      fix: 'use minutes(10)',
    })),
    ...when(warmUp > 600, () => ({ path: 'edge.warmUp', given: `${warmUp} s`, allowed: '0 to 600 s', fix: 'use seconds(60)' })),
    ...when(maxBody < 1024 || maxBody > 10_485_760, () => ({
      path: 'edge.maxBody',
      given: `${maxBody} bytes`,
      allowed: '1024 to 10485760 bytes',
      fix: 'use 1_048_576; larger things go to a bucket',
    })),
    ...when(originSecret < 1 || originSecret > 9999, () => ({
      path: 'edge.originSecret',
      given: String(originSecret),
      allowed: '1 to 9999',
      fix: 'begin with 1, and add 1 for each change',
    })),
  ],
);

/** In the order in which violations are reported. */
export const EDGE_RULES: readonly Rule[] = [
  limitsCountTheirKey,
  limitsCascade,
  endpointLimitsFit,
  limitsAreCountable,
  waitingHelps,
  emergencyTightens,
  limiterFailsAsDeclared,
  floodsEnd,
  ...BLOCKLIST_RULES,
];
