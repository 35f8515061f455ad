/** The cascade of limits as people read it: in `holdfast plan`, in `holdfast limits`. */
import { isLab } from '../lib/topology/derive';
import { cascade, requestsPerWindow, type CascadeRow } from '../lib/topology/edge-limits';
import type { Environment, Limit } from '../lib/topology/types';
import { columns } from './terminal';

const rate = ({ requestsPerSecond }: Limit): string => `${Math.round(requestsPerSecond * 1000) / 1000}/s`;
const answer = ({ status, retryAfter }: Limit): string => (retryAfter === null ? String(status) : `${status}, Retry-After ${retryAfter}`);
const over = (limit: Limit): string => `${Math.round(requestsPerWindow(limit) * 1000) / 1000} in ${Math.round(limit.window * 1000) / 1000} s`;

const HEADER = ['layer', 'kept by', 'per', 'limit', 'counted', 'answer', 'acts after', 'in an emergency'];
const cells = ({ layer, keptBy, per, limit, lag, emergency }: CascadeRow): readonly string[] => [
  layer,
  keptBy,
  per,
  rate(limit),
  over(limit),
  answer(limit),
  lag === 0 ? 'at once' : `up to ${lag} s`,
  emergency === null ? 'the same' : `${rate(emergency)}, ${answer(emergency)}`,
];

/** The layers that the environment has; none where nobody is limited. A lab may have names, and has nothing of AWS in front of them. */
export const cascadeOf = (environment: Environment): readonly CascadeRow[] =>
  environment.edge === null ? [] : cascade(environment.edge, isLab(environment) ? { ...environment, dns: null } : environment);

/** Lines of the table, the outermost layer first. */
export const cascadeLines = (rows: readonly CascadeRow[]): readonly string[] => columns([HEADER, ...rows.map(cells)]);

/** What there is to say where layers are left out. */
export const cascadeNotes = (rows: readonly CascadeRow[]): readonly string[] =>
  rows.some(({ layer }) => layer === 'edge') ? [] : ['a lab, or no dns: there are no CloudFront and no web ACLs; the gateway and the applications limit alone'];
