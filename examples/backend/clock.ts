/** The time of day, in milliseconds since 1970: a port, so that what an expiry does on a clock that is wrong can be asserted. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** @param offset how far ahead of `clock` it is, in milliseconds */
export const shiftedClock = (clock: Clock, offset: () => number): Clock => ({ now: () => clock.now() + offset() });
