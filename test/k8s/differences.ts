import { parse } from 'yaml';
import type { Manifest } from '../../k8s';
import { objectsOf } from './fixtures';

/** One leaf that two sets of manifests disagree about; undefined: not there. */
export interface Difference {
  /** `Kind/name:path.to.leaf`. */
  readonly path: string;
  readonly left: unknown;
  readonly right: unknown;
}

/** Leaves of both sides that differ, in alphabetical order of their paths. Configuration inside ConfigMaps and flags are compared by their meaning. */
export const differences = (left: readonly Manifest[], right: readonly Manifest[]): readonly Difference[] => {
  const [a, b] = [leavesOf(left), leavesOf(right)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .toSorted()
    .filter((path) => JSON.stringify(a.get(path)) !== JSON.stringify(b.get(path)))
    .map((path) => ({ path, left: a.get(path), right: b.get(path) }));
};

const leavesOf = (manifests: readonly Manifest[]): ReadonlyMap<string, unknown> =>
  new Map(objectsOf(manifests).flatMap((object) => leaves(opened(object), `${object.kind}/${object.metadata.name}:`)));

const leaves = (value: unknown, path: string): [string, unknown][] => {
  const children = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  // An empty object or list is a leaf: `podSelector: {}` means something.
  return children.length === 0 ? [[path, value]] : children.flatMap(([key, child]) => leaves(child, path.endsWith(':') ? `${path}${key}` : `${path}.${key}`));
};

/** Texts that have a structure of their own, opened; named lists (containers, volumes, env) by name, so that an inserted one doesn't shift the rest. */
const opened = (value: unknown, key = ''): unknown => {
  if (typeof value === 'string') return openedText(value, key);
  if (Array.isArray(value)) return openedList(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, opened(child, name)]));
};

const openedList = (list: readonly unknown[]): unknown => {
  if (list.length > 0 && list.every(isNamed)) return Object.fromEntries(list.map((item) => [item.name, opened(item)]));
  if (list.length > 0 && list.every(isFlag))
    return Object.fromEntries(list.map((flag) => [flag.slice(0, flag.indexOf('=')), flag.slice(flag.indexOf('=') + 1)]));
  return list.map((item) => opened(item));
};

const isNamed = (item: unknown): item is { readonly name: string } =>
  typeof item === 'object' && item !== null && 'name' in item && typeof item.name === 'string';
const isFlag = (item: unknown): item is string => typeof item === 'string' && /^--[a-z-]+=/.test(item);

const openedText = (text: string, key: string): unknown => {
  // A template of External Secrets is no document yet.
  if (/\.(yml|yaml|json)$/.test(key) && !text.includes('{{')) return opened(parse(text));
  if (key.endsWith('.conf')) return Object.fromEntries(text.split('\n').map((line) => (/^([^ =]+)[ =](.*)$/.exec(line) ?? [line, line, '']).slice(1, 3)));
  if (key.endsWith('.ini')) return Object.fromEntries(text.split('\n').map((line) => [line.split(' = ')[0] ?? line, line.split(' = ').slice(1).join(' = ')]));
  return text;
};
