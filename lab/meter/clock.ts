/** One clock for every process of a drill: seconds since the epoch; does not jump when the wall clock is stepped while the process runs. */
export const now = (): number => (performance.timeOrigin + performance.now()) / 1000;
