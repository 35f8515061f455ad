/** What the memory keeper reads at its start (agents/memory-keeper): what is done before the kernel does it (CS-7). */
import type { Environment } from '../topology/types';

export interface KeptWorkload {
  readonly name: string;
  /** Of the limit: somebody is told. */
  readonly warnPercent: number;
  /** Of the limit: the pod is replaced. */
  readonly restartPercent: number;
}

/** Durations in seconds. */
export interface MemoryKeeperConfig {
  readonly namespace: string;
  /** Where its lease is. */
  readonly leaseNamespace: string;
  readonly workloads: readonly KeptWorkload[];
  readonly pollSeconds: number;
  /** So many figures in a row must be too high: one may be a large request. */
  readonly confirmations: number;
  /** A figure that is older says nothing. */
  readonly staleSeconds: number;
  /** After a pod was replaced, before the next one is. */
  readonly pauseSeconds: number;
  /** The same pod is warned of again after so long. */
  readonly warnEverySeconds: number;
  readonly healthPort: number;
}

export const MEMORY_KEEPER_PORT = 9104;
export const MEMORY_KEEPER_DIR = '/etc/memory-keeper';
export const MEMORY_KEEPER_FILE = 'memory-keeper.json';
/** How people and drills tell its work from the kernel's: reasons of events at the pod. */
export const MEMORY_EVENTS = { warning: 'MemoryHigh', restart: 'MemoryRestart' } as const;

export const memoryKeeperConfig = ({ workloads }: Pick<Environment, 'workloads'>, namespace: string, leaseNamespace: string): MemoryKeeperConfig => ({
  namespace,
  leaseNamespace,
  workloads: workloads.map(({ name, memory }) => ({ name, warnPercent: memory.warnPercent, restartPercent: memory.restartPercent })),
  pollSeconds: 5,
  confirmations: 2,
  staleSeconds: 60,
  pauseSeconds: 60,
  warnEverySeconds: 600,
  healthPort: MEMORY_KEEPER_PORT,
});
