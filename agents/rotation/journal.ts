import type { World } from './ports';

export interface Timing {
  /** What was done. */
  readonly step: string;
  readonly seconds: number;
}

export interface Journal {
  readonly timings: readonly Timing[];
  /** Notes a step that has ended. @throws when the rotation is to stop */
  readonly done: (step: string) => void;
}

export const journal = (world: World): Journal => {
  const timings: Timing[] = [];
  let began = world.now();
  return {
    timings,
    done: (step) => {
      timings.push({ step, seconds: (world.now() - began) / 1000 });
      world.progress(step);
      began = world.now();
      world.signal.throwIfAborted();
    },
  };
};
