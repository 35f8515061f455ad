/** What EventBridge Scheduler does: invokes functions at their rates, whatever became of the invocation before. */
import type { ScheduleResource } from './resources';

export interface ScheduleOptions {
  readonly schedules: readonly ScheduleResource[];
  /** Through the front proxy, so that a region that is lost is not ticked either. */
  readonly invoke: (region: string, functionName: string, input: string) => Promise<void>;
  /** Regions whose scheduler stands still. */
  readonly stopped: () => readonly string[];
  readonly log: (line: string) => void;
}

/** The first tick is at once. @returns ends all of them */
export const runSchedules = ({ schedules, invoke, stopped, log }: ScheduleOptions): (() => void) => {
  const timers = schedules.map((schedule) => {
    const tick = (): void => {
      if (stopped().includes(schedule.region)) return;
      invoke(schedule.region, schedule.function, schedule.input).catch((error: unknown) => log(`schedule ${schedule.name}: ${String(error)}`));
    };
    tick();
    return setInterval(tick, schedule.everySeconds * 1000);
  });
  return () => timers.forEach(clearInterval);
};
