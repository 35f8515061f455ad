/** Passes pub/sub messages of the writer's region on to this one. */
import { reasonOf, type Log } from '../follower/log';
import type { SyncMetrics } from './metrics';

export interface RelayContext {
  /** Resolves when stopped, rejects when the connection is lost. */
  readonly subscribe: (handlers: { onSubscribed: () => Promise<void>; onMessage: (channel: string, message: Buffer) => void }) => Promise<void>;
  readonly publish: (channel: string, message: Buffer) => Promise<void>;
  readonly resyncChannel: string;
  readonly sleep: (seconds: number) => Promise<void>;
  readonly metrics: SyncMetrics;
  readonly log: Log;
  readonly stop: AbortSignal;
}

const RECONNECT_SECONDS = 0.5;

/** Redis keeps no messages: what was published while nobody listened is gone, so subscribers are told to drop what they hold. */
export const relay = async (context: RelayContext): Promise<void> => {
  const { metrics, log, stop, publish } = context;
  const pass = (channel: string, message: Buffer): void => {
    publish(channel, message).then(
      () => metrics.relayed++,
      (error: unknown) => {
        metrics.connectionErrors++;
        log('message not passed on', reasonOf(error), { channel });
      },
    );
  };
  while (!stop.aborted) {
    try {
      await context.subscribe({ onSubscribed: () => publish(context.resyncChannel, Buffer.from('gap')), onMessage: pass });
    } catch (error) {
      metrics.connectionErrors++;
      log('relay lost', reasonOf(error));
    }
    if (!stop.aborted) await context.sleep(RECONNECT_SECONDS);
  }
};
