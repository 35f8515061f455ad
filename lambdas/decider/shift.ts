/** The schedule knows whole minutes only: each call looks every few seconds until its minute is over. Two calls at once would count each look twice: one of them ends. */
import type { Clock } from '../../lib/failover/failover-ports';
import type { FailoverSettings } from '../../lib/failover/settings';
import type { Items } from '../aws/items';
import { tick, type DeciderMemory, type TickPorts } from './tick';

/** The next call comes after a minute; until then this one has ended. Milliseconds. */
export const SHIFT = 57_000;
export const MEMORY = { id: 'decider', part: 'memory' } as const;

interface Kept extends DeciderMemory {
  /** Whose shift it is. */
  readonly shift: string;
}

export interface ShiftPorts extends TickPorts {
  readonly clock: Clock;
  readonly items: Pick<Items, 'all' | 'replace'>;
}

const isKept = (v: unknown): v is Kept => typeof v === 'object' && v !== null && 'loss' in v && 'shift' in v && 'at' in v && 'home' in v;

/** undefined: the store does not answer, and what this call remembers itself must do. */
const kept = async ({ items }: ShiftPorts): Promise<{ readonly value: unknown } | undefined> => {
  try {
    const found = (await items.all(MEMORY.id)).find(({ part }) => part === MEMORY.part);
    return { value: found?.value };
  } catch {
    return undefined; // the look that follows finds the same silence, and reports it
  }
};

/** @returns false when another call has looked meanwhile; true also when the store is silent: somebody has to go on looking */
const keep = async ({ items }: ShiftPorts, memory: Kept, was: unknown): Promise<boolean> => items.replace({ ...MEMORY, value: memory }, was).catch(() => true);

export interface ShiftResult {
  readonly ticks: number;
  readonly ended: 'minute over' | 'another call looks';
}

/**
 * @param name of this call
 * @param length milliseconds
 */
export const shift = async (settings: FailoverSettings, ports: ShiftPorts, name: string, length = SHIFT): Promise<ShiftResult> => {
  const every = settings.decision.every * 1000;
  const began = ports.clock.elapsed();
  let own: Kept | undefined;
  for (let ticks = 0; ; ticks += 1) {
    const lookedAt = ports.clock.elapsed();
    if (lookedAt - began + every > length) return { ticks, ended: 'minute over' };
    const found = await kept(ports);
    const before = found === undefined ? own : isKept(found.value) ? found.value : undefined;
    const isOthers = before !== undefined && before.shift !== name && (own !== undefined || ports.clock.now() - before.at < every / 2);
    if (isOthers) return { ticks, ended: 'another call looks' };
    own = { ...(await tick(settings, ports, before)), shift: name };
    if (found !== undefined && !(await keep(ports, own, found.value))) return { ticks: ticks + 1, ended: 'another call looks' };
    await ports.clock.sleep(Math.max(0, lookedAt + every - ports.clock.elapsed()));
  }
};
