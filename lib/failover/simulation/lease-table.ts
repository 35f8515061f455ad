/** The lease store: one record, every request carried out by itself, by the real transitions. */
import {
  advance,
  giveBack,
  isPastReturn,
  mark,
  renew,
  settle,
  type AdvanceRequest,
  type GiveBackRequest,
  type LeaseAnswer,
  type LeaseRecord,
  type MarkRequest,
  type RenewRequest,
  type SettleRequest,
} from '../lease';
import type { World } from './world';

export class LeaseTable {
  downUntil = 0;
  record: LeaseRecord;

  constructor(
    private readonly world: World,
    first: LeaseRecord,
  ) {
    this.record = first;
  }

  private get up(): boolean {
    return this.downUntil <= this.world.time;
  }

  read(): LeaseRecord | undefined {
    return this.up ? this.record : undefined;
  }

  private apply(answer: LeaseAnswer): LeaseAnswer {
    if (answer.kind === 'granted') {
      const { epoch, step, phase } = this.record;
      this.record = answer.record;
      const { record } = answer;
      if (record.step === 'promoting' || (record.phase === 'held' && record.epoch !== epoch)) this.world.granted.set(record.epoch, record.holder);
      if (phase === 'moving' && record.phase === 'held' && record.epoch === epoch) this.world.settledAt.set(epoch, this.world.time);
      if (record.step !== step && record.step !== null) this.world.reached(record.step);
      if (record.epoch !== epoch || record.step !== step || record.phase !== phase)
        this.world.note(`lease: ${record.holder} ${record.phase} in epoch ${record.epoch}${record.step === null ? '' : `, ${record.step}`}`);
    }
    return answer;
  }

  renew(request: RenewRequest): LeaseAnswer | undefined {
    if (!this.up) return undefined;
    const { record, world } = this;
    const asked = {
      ...request,
      region: world.without('renewal-by-anybody') ? record.holder : request.region,
      epoch: world.without('renewal-by-anybody') ? record.epoch : request.epoch,
    };
    const answer = renew(record, asked);
    const whoever = answer.kind === 'refused' && world.without('renewal-by-anybody');
    return whoever ? { kind: 'granted', record } : this.apply(answer);
  }

  advance(request: AdvanceRequest): LeaseAnswer | undefined {
    if (!this.up) return undefined;
    const { record } = this;
    const answer = this.apply(advance(record, request));
    if (answer.kind === 'granted' && answer.record !== record) this.world.advanced(record, request);
    return answer;
  }

  mark(request: MarkRequest): LeaseAnswer | undefined {
    if (!this.up) return undefined;
    const answer = mark(this.record, request);
    const ignores = answer.kind === 'refused' && this.world.without('promote-without-mark') && (request.step === 'promoting' || request.step === 'promoted');
    return ignores ? { kind: 'granted', record: this.record } : this.apply(answer);
  }

  settle(request: SettleRequest): LeaseAnswer | undefined {
    return this.up ? this.apply(settle(this.record, request)) : undefined;
  }

  giveBack(request: GiveBackRequest): LeaseAnswer | undefined {
    if (!this.up) return undefined;
    const { record } = this;
    const forgets = this.world.without('abort-after-promoting') && isPastReturn(record);
    return this.apply(giveBack(forgets ? { ...record, step: 'leased' } : record, request));
  }
}
