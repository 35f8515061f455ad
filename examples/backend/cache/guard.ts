import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleAll, timeout, TimeoutStrategy, wrap } from 'cockatiel';

const FAILURES = 3;
const HALF_OPEN_AFTER_MS = 1000;

/**
 * Calls to something that may be away: an answer within `timeoutMs` or an error, and after three errors in a row an error at once, but for one call a second that
 * looks whether it is back. Who waits for each call to time out is as slow as what it calls is dead.
 */
export const guarded = (timeoutMs: number, onChange: (open: boolean) => void) => {
  const breaker = circuitBreaker(handleAll, { halfOpenAfter: HALF_OPEN_AFTER_MS, breaker: new ConsecutiveBreaker(FAILURES) });
  breaker.onBreak(() => onChange(true));
  breaker.onReset(() => onChange(false));
  const policy = wrap(breaker, timeout(timeoutMs, TimeoutStrategy.Aggressive));
  return {
    /** @throws the call's error, TaskCancelledError after the time, BrokenCircuitError while the circuit is open */
    run: <T>(call: () => Promise<T>): Promise<T> => policy.execute(call),
    isOpen: (): boolean => breaker.state === CircuitState.Open,
  };
};

export type Guard = ReturnType<typeof guarded>;
