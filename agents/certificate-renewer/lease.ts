/** One renewer at a time. */
import { holding, type LeaseOptions } from '../held-lease';

type Renewer = Omit<LeaseOptions, 'durationSeconds' | 'renewEverySeconds'>;

/** @throws LeaseHeldError when somebody else renews */
export const asOnlyRenewer = <T>(renewer: Renewer, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  holding({ ...renewer, durationSeconds: 30, renewEverySeconds: 10 }, signal, work);
