/** What each stream of an HTTP meter asks for, and which answer is the right one. */
import { HTTP_STREAMS, type HttpStream } from '../../lib/drill/workloads/history';
import { now } from './clock';
import type { HttpMeterConfiguration } from './http-configuration';
import type { Answer, Question } from './http-connection';
import { newUser, type User } from './signing';

/** A request of a stream: the same question for each of its attempts. */
export interface Task {
  readonly question: Question;
  readonly user: User;
  /** What the work is found by afterwards. */
  readonly key?: string;
  /** Null: right; else what is wrong with it. */
  readonly check: (answer: Answer) => string | null;
}

interface Order {
  readonly id: string;
  readonly key: string;
  readonly user: User;
  askedAt: number;
}

/** How many orders each stream that looks at orders remembers: no two of one user. */
const REMEMBERED = { read: 30, fresh: 12 } as const;

const fieldOf = (body: string, field: string): string | null => {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return null;
    const found = (value as Readonly<Record<string, unknown>>)[field];
    return typeof found === 'string' || typeof found === 'number' ? String(found) : null;
  } catch {
    return null;
  }
};

/** One client's users, orders and session, and its next request of each stream. */
export class Tasks {
  private readonly users: readonly User[];
  /** Each order is looked at by one of the two streams. */
  private readonly orders: Readonly<Record<'read' | 'fresh', Order[]>> = { read: [], fresh: [] };
  private session: { readonly id: string; readonly user: User } | null = null;

  constructor(private readonly config: HttpMeterConfiguration) {
    this.users = Array.from({ length: config.users }, newUser);
  }

  /** @returns undefined while there is nothing to ask for yet */
  next(stream: HttpStream, id: number): Task | undefined {
    switch (stream) {
      case 'read':
      case 'fresh':
        return this.look(this.orders[stream]);
      case 'order':
        return this.order(id);
      case 'session':
        return this.session === null ? this.openSession(id) : this.lookAtSession(this.session);
      case 'event':
        return this.event(id);
    }
  }

  /** Streams begin with different users. */
  private userOf(stream: HttpStream, id: number): User {
    const first = (HTTP_STREAMS.indexOf(stream) * this.users.length) / HTTP_STREAMS.length;
    const user = this.users[(id + Math.floor(first)) % this.users.length];
    if (user === undefined) throw new Error(`users: given ${this.config.users}; allowed: 1 or more`);
    return user;
  }

  private look(orders: readonly Order[]): Task | undefined {
    const order = [...orders].sort((a, b) => a.askedAt - b.askedAt)[0];
    if (order === undefined || now() - order.askedAt < this.config.sameAgainSeconds) return undefined;
    order.askedAt = now();
    return {
      question: { method: 'GET', path: `${this.config.base}/orders/${order.id}` },
      user: order.user,
      key: order.key,
      check: ({ status, body }) => (status !== 200 ? `status ${status}` : fieldOf(body, 'id') === order.id ? null : 'another order than asked for'),
    };
  }

  private order(id: number): Task {
    const user = this.userOf('order', id);
    const key = `${this.config.prefix}-${this.config.client}-order-${id}`;
    const looker = id % 4 === 0 ? 'fresh' : 'read';
    const orders = this.orders[looker];
    return {
      question: { method: 'POST', path: `${this.config.base}/orders`, idempotencyKey: key, body: JSON.stringify({ item: 'lamp', quantity: 1 + (id % 5) }) },
      user,
      key,
      check: ({ status, body }) => {
        if (status !== 201 && status !== 200) return `status ${status}`;
        const order = fieldOf(body, 'id');
        if (order === null) return 'an order without an id';
        orders.push({ id: order, key, user, askedAt: now() });
        if (orders.length > REMEMBERED[looker]) orders.shift();
        return null;
      },
    };
  }

  private openSession(id: number): Task {
    const user = this.userOf('session', id);
    return {
      question: { method: 'POST', path: `${this.config.base}/sessions`, body: JSON.stringify({ subject: this.config.client }) },
      user,
      check: ({ status, body }) => {
        const session = fieldOf(body, 'id');
        if (status !== 201 || session === null) return `status ${status}`;
        this.session = { id: session, user };
        return null;
      },
    };
  }

  private lookAtSession({ id, user }: { readonly id: string; readonly user: User }): Task {
    this.session = null;
    return {
      question: { method: 'GET', path: `${this.config.base}/sessions/${id}` },
      user,
      check: ({ status }) => (status === 200 ? null : `status ${status}`),
    };
  }

  private event(id: number): Task {
    const key = `${this.config.prefix}-${this.config.client}-event-${id}`;
    return {
      question: { method: 'POST', path: `${this.config.base}/events`, idempotencyKey: key, body: JSON.stringify({ id: key, type: 'drill', payload: {} }) },
      user: this.userOf('event', id),
      key,
      check: ({ status }) => (status === 200 || status === 201 || status === 202 ? null : `status ${status}`),
    };
  }
}
