/** A sleep that can be cut short. */
export interface Wake {
  /** Ends the present sleep, or the next one at once. */
  now(): void;
  /** @returns after `ms` milliseconds, or as soon as woken */
  sleep(ms: number): Promise<void>;
}

export const makeWake = (): Wake => {
  let isWoken = false;
  let cut: (() => void) | undefined;
  return {
    now: () => {
      isWoken = true;
      cut?.();
    },
    sleep: (ms) =>
      new Promise((done) => {
        const finish = (): void => {
          clearTimeout(timer);
          cut = undefined;
          isWoken = false;
          done();
        };
        const timer = setTimeout(finish, isWoken ? 0 : ms);
        cut = finish;
      }),
  };
};
