/** What a region does when it is told to: pure. Each order is one compare-and-swap of Patroni's dynamic configuration, and none can be given with an old epoch. */
import type { StandbyCluster } from '../topology/regions';
import { claimsPrimary, drainPatch, followPatch, preparePatch, promotePatch, type OwnRole } from './region-role';

type Plain = Readonly<Record<string, unknown>>;

interface Numbered {
  /** Of the lease, as the failover that gives the order has moved it. */
  readonly epoch: number;
  /** Which failover: the same order of the same one, given again, is done already. */
  readonly execution: string;
}

type NumberedOrder = Numbered & ({ readonly kind: 'promise' | 'withdraw' | 'promote' } | { readonly kind: 'demote'; readonly target: string });

export type RegionOrder =
  | NumberedOrder
  /** @param epoch that in which the region is primary: an order that arrives late meets another one */
  | { readonly kind: 'drain'; readonly on: boolean; readonly epoch: number }
  /** @param wish different every time: it is the change that is acted on */
  | { readonly kind: 'prepare'; readonly wish: string };

export const ORDERS = ['promise', 'withdraw', 'promote', 'demote', 'drain', 'prepare'] as const satisfies readonly RegionOrder['kind'][];

/** What an order is judged by, besides itself. */
export interface OrderContext {
  readonly self: string;
  /** Of etcd, read linearizably. */
  readonly own: OwnRole;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The model's, seconds. */
  readonly primaryStartTimeout: number;
  /** How this region follows another one; undefined: there is no such region. */
  readonly standbyCluster: (region: string) => StandbyCluster | undefined;
}

export type OrderDecision =
  /** A merge patch of the dynamic configuration. */
  | { readonly kind: 'write'; readonly patch: Plain }
  /** It is so already. */
  | { readonly kind: 'done'; readonly because: string }
  /** What was given, what is allowed, and how to fix it. */
  | { readonly kind: 'refused'; readonly because: string };

const refused = (given: string, allowed: string, fix: string): OrderDecision => ({
  kind: 'refused',
  because: `given: ${given}; allowed: ${allowed}; fix: ${fix}`,
});
const done = (because: string): OrderDecision => ({ kind: 'done', because });
const write = (patch: Plain): OrderDecision => ({ kind: 'write', patch });

export const carryOutOrder = (context: OrderContext, order: RegionOrder): OrderDecision => {
  const { own, self } = context;
  if (!own.initialized) return refused(`${order.kind} of ${self}`, 'a region with a cluster', `wait until ${self} has its cluster`);
  switch (order.kind) {
    case 'promise':
      return promise(context, order);
    case 'withdraw':
      return withdraw(context, order);
    case 'promote':
      return promote(context, order);
    case 'demote':
      return demote(context, order, order.target);
    case 'drain':
      return drain(context, order);
    case 'prepare':
      return claimsPrimary(own) ? write(preparePatch(order.wish)) : notPrimary(context, order.kind);
  }
};

const isSame = (a: Numbered, b: Numbered): boolean => a.epoch === b.epoch && a.execution === b.execution;
const named = ({ epoch, execution }: Numbered): string => `epoch ${epoch} of ${execution}`;

const old = ({ own, self }: OrderContext, order: NumberedOrder): OrderDecision | undefined =>
  order.epoch > own.epoch
    ? undefined
    : refused(
        `${order.kind} with ${named(order)}`,
        `an epoch above ${own.epoch}, which ${self} has`,
        'this failover is over, or another one was faster: read the lease and begin anew',
      );

const promise = (context: OrderContext, order: NumberedOrder): OrderDecision => {
  const { own, self, now } = context;
  const tooOld = old(context, order);
  if (tooOld !== undefined) return tooOld;
  if (claimsPrimary(own))
    return refused(`a promise of ${self}`, 'a promise of a region that follows another one', `${self} is primary: it has nobody to vouch for`);
  const before = own.promised ?? undefined;
  if (before !== undefined && isSame(before, order)) return done(`${self} has promised it`);
  if (before !== undefined && before.epoch >= order.epoch) return outdated(context, order);
  return write({ holdfast: { promised: { epoch: order.epoch, execution: order.execution, at: now } } });
};

const outdated = ({ self, own }: OrderContext, order: NumberedOrder): OrderDecision =>
  refused(
    `${order.kind} with ${named(order)}`,
    own.promised ? `what ${self} has promised: ${named(own.promised)}` : `what ${self} has promised: nothing`,
    'promise first; if another failover has, only that one may go on',
  );

const withdraw = ({ own, self }: OrderContext, order: NumberedOrder): OrderDecision => {
  if (!own.promised) return done(`${self} has promised nothing`);
  if (!isSame(own.promised, order)) return done(`${self} has promised ${named(own.promised)}, which stays`);
  return write({ holdfast: { promised: null } });
};

/** Only what was promised: while a region that could be promoted still vouches for the primary one, that one may extend its right to write. */
const promote = (context: OrderContext, order: NumberedOrder): OrderDecision => {
  const { own, self, primaryStartTimeout } = context;
  if (claimsPrimary(own) && own.epoch === order.epoch && own.execution === order.execution) return done(`${self} is primary with ${named(order)}`);
  const tooOld = old(context, order);
  if (tooOld !== undefined) return tooOld;
  if (!own.promised || !isSame(own.promised, order)) return outdated(context, order);
  const { epoch, execution } = order;
  return write(promotePatch({ epoch, primary: self, execution }, primaryStartTimeout));
};

const demote = (context: OrderContext, order: NumberedOrder, target: string): OrderDecision => {
  const { own, self } = context;
  if (own.follows && own.epoch === order.epoch && own.primary === target) return done(`${self} follows ${target} with epoch ${own.epoch}`);
  const tooOld = old(context, order);
  if (tooOld !== undefined) return tooOld;
  const standbyCluster = context.standbyCluster(target);
  if (standbyCluster === undefined) return refused(`${self} to follow ${target}`, 'another region of this environment', 'name one as the model does');
  return write(followPatch({ epoch: order.epoch, primary: target, standbyCluster, execution: order.execution }));
};

const drain = (context: OrderContext, { on, epoch }: Extract<RegionOrder, { kind: 'drain' }>): OrderDecision => {
  const { own, self } = context;
  if (!claimsPrimary(own)) return notPrimary(context, 'drain');
  if (own.epoch === epoch) return write(drainPatch(on));
  return refused(`drain in epoch ${epoch}`, `epoch ${own.epoch}, in which ${self} is primary`, 'ask the region what it is, and give its epoch');
};

const notPrimary = ({ own, self }: OrderContext, kind: string): OrderDecision =>
  refused(`${kind} of ${self}`, 'the primary region', `${self} follows ${own.primary ?? 'another region'}: ask that one`);
