/** What the keeper may do to a node. Each step may be repeated, by another keeper too, and then does nothing or is refused. */
import type { SlotRange } from '../../lib/topology/cache-placement';

export type Step = { readonly pod: string; readonly because: string } & (
  | { readonly kind: 'meet'; readonly address: string }
  | { readonly kind: 'set-epoch'; readonly epoch: number }
  | { readonly kind: 'add-slots'; readonly slots: readonly SlotRange[] }
  | { readonly kind: 'replicate'; readonly master: string }
  | { readonly kind: 'close-slot'; readonly slot: number }
  | { readonly kind: 'set-min-replicas'; readonly replicas: number }
  | { readonly kind: 'forget'; readonly id: string }
  /** A planned handover, with the master's consent: nothing is lost. */
  | { readonly kind: 'hand-over' }
  /** Without anybody's vote: only for a person who knows that the old master is down. */
  | { readonly kind: 'take-over' }
);

/** For the log and for people. */
export const describeStep = (step: Step): string => {
  switch (step.kind) {
    case 'meet':
      return `${step.pod} meets ${step.address}`;
    case 'set-epoch':
      return `${step.pod} takes epoch ${step.epoch}`;
    case 'add-slots':
      return `${step.pod} takes the slots ${step.slots.map(([from, to]) => `${from}-${to}`).join(', ')}`;
    case 'replicate':
      return `${step.pod} follows ${step.master}`;
    case 'close-slot':
      return `${step.pod} closes slot ${step.slot}`;
    case 'set-min-replicas':
      return `${step.pod} asks for ${step.replicas} replicas in step`;
    case 'forget':
      return `${step.pod} forgets ${step.id}`;
    case 'hand-over':
      return `${step.pod} becomes master by a planned handover`;
    case 'take-over':
      return `${step.pod} takes over without a vote`;
  }
};

/** The commands of a step. */
export const commandsOf = (step: Step, port: number): readonly (readonly string[])[] => {
  switch (step.kind) {
    case 'meet':
      return [['CLUSTER', 'MEET', step.address, String(port)]];
    case 'set-epoch':
      return [['CLUSTER', 'SET-CONFIG-EPOCH', String(step.epoch)]];
    case 'add-slots':
      return [['CLUSTER', 'ADDSLOTSRANGE', ...step.slots.flat().map(String)]];
    case 'replicate':
      return [['CLUSTER', 'REPLICATE', step.master]];
    case 'close-slot':
      return [['CLUSTER', 'SETSLOT', String(step.slot), 'STABLE']];
    case 'set-min-replicas':
      return [['CONFIG', 'SET', 'min-replicas-to-write', String(step.replicas)]];
    case 'forget':
      return [['CLUSTER', 'FORGET', step.id]];
    case 'hand-over':
      return [['CLUSTER', 'FAILOVER']];
    case 'take-over':
      return [['CLUSTER', 'FAILOVER', 'TAKEOVER']];
  }
};
