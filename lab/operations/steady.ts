/** Strictly before a drill: nothing to complain of. */
import type { ProcedureContext } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { until } from '../exec';
import { health } from '../health';
import { clientTls } from '../secrets';

export interface SteadyRegion {
  readonly leader: string;
  /** The leader and its synchronous standbys: who has every acknowledged row. */
  readonly permitted: readonly string[];
}

/** @throws NotSteadyError when the lab does not become healthy */
export const steadyRegion = async ({ lab, api, credentials, signal }: ProcedureContext): Promise<SteadyRegion> => {
  let why = '';
  try {
    return await until(
      'steady state',
      120,
      async () => {
        signal.throwIfAborted();
        const { members, complaints } = await health(lab, api, clientTls(credentials));
        why = complaints.join('; ');
        const leader = members.find((m) => m.role === 'leader')?.name;
        if (complaints.length > 0 || leader === undefined) return undefined;
        return { leader, permitted: [leader, ...members.filter((m) => m.role === 'sync_standby').map((m) => m.name)] };
      },
      0.5,
    );
  } catch (error) {
    signal.throwIfAborted();
    throw new NotSteadyError(`the lab is not healthy: ${why}`, { cause: error });
  }
};
