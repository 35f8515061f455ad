/** The ports of the backend's parts, in memory: each can be away. */
import type { EventQueue, Queued } from '../../../examples/backend/events/queue';
import type { Event, EventStore } from '../../../examples/backend/events/store';
import { unavailable } from '../../../examples/backend/http/problem';
import type { Ledger, Receipt, Recorded, Unchecked } from '../../../examples/backend/receipts/ledger';
import { CLOCK_TOLERANCE_MS, type NonceState, type NonceStore } from '../../../examples/backend/receipts/nonces';
import type { Session, SessionStore } from '../../../examples/backend/sessions/sessions';

/** Something that may be away: then every call fails as a connection does. */
class Remote {
  away = false;

  protected answer<T>(value: () => T): Promise<T> {
    return this.away ? Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })) : Promise.resolve(value());
  }
}

export class FakeNonces extends Remote implements NonceStore {
  readonly known = new Map<string, { readonly expiresAt: number; receipt?: string }>();

  issue(nonce: string, expiresAt: number): Promise<void> {
    return this.answer(() => void this.known.set(nonce, { expiresAt }));
  }

  use(nonce: string, receipt: string, now: number): Promise<NonceState> {
    return this.answer(() => {
      const found = this.known.get(nonce);
      if (found === undefined) return 'unknown';
      if (found.receipt !== undefined) return found.receipt === receipt ? 'fresh' : 'used';
      if (now > found.expiresAt + CLOCK_TOLERANCE_MS) return 'expired';
      found.receipt = receipt;
      return 'fresh';
    });
  }
}

export class FakeLedger extends Remote implements Ledger {
  readonly challenges = new Map<string, number>();
  readonly receipts = new Map<string, Receipt>();
  readonly audited: { readonly receipt: Receipt; readonly nonceChecked: boolean; readonly why: Unchecked }[] = [];

  backUp(nonce: string, expiresAt: number): Promise<void> {
    return this.answer(() => void this.challenges.set(nonce, expiresAt));
  }

  expiryOf(nonce: string): Promise<number | undefined> {
    return this.answer(() => this.challenges.get(nonce));
  }

  record(receipt: Receipt): Promise<Recorded> {
    return this.answer(() => {
      const present = this.receipts.get(receipt.nonce);
      if (present !== undefined) return { kind: 'present', same: present.signature === receipt.signature };
      this.receipts.set(receipt.nonce, receipt);
      return { kind: 'recorded' };
    });
  }

  audit(receipt: Receipt, nonceChecked: boolean, why: Unchecked): Promise<void> {
    return this.answer(() => void this.audited.push({ receipt, nonceChecked, why }));
  }
}

export class FakeEvents extends Remote implements EventStore {
  readonly rows = new Map<string, Event>();
  writes = 0;

  add(event: Event): Promise<void> {
    return this.answer(() => this.write(event));
  }

  addWithin(event: Event): Promise<void> {
    return this.away ? Promise.reject(unavailable('database_unavailable', 'away')) : this.add(event);
  }

  addQueued(events: readonly Event[]): Promise<void> {
    return this.answer(() => events.forEach((event) => this.write(event)));
  }

  count(): Promise<number> {
    return this.answer(() => this.rows.size);
  }

  private write(event: Event): void {
    this.writes += 1;
    this.rows.set(event.id, event);
  }
}

export class FakeQueue extends Remote implements EventQueue {
  readonly waiting: Queued[] = [];
  /** The next `finish` fails, as when the pod dies between the two. */
  finishFails = false;
  private next = 0;

  push(event: Event): Promise<void> {
    return this.answer(() => void this.waiting.push({ entry: String((this.next += 1)), event }));
  }

  depth(): Promise<number> {
    return this.answer(() => this.waiting.length);
  }

  take(most: number): Promise<readonly Queued[]> {
    return this.answer(() => this.waiting.slice(0, most));
  }

  finish(entries: readonly Queued[]): Promise<void> {
    if (this.finishFails) return Promise.reject(new Error('the pod died'));
    return this.answer(() => {
      const done = new Set(entries.map(({ entry }) => entry));
      this.waiting.splice(0, this.waiting.length, ...this.waiting.filter(({ entry }) => !done.has(entry)));
    });
  }
}

export class FakeSessions extends Remote implements SessionStore {
  readonly kept = new Map<string, Session>();

  put(session: Session): Promise<void> {
    return this.answer(() => void this.kept.set(session.id, session));
  }

  get(id: string): Promise<Session | undefined> {
    return this.answer(() => this.kept.get(id));
  }
}
