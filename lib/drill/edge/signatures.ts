/** Judges a flood of signatures that don't verify: what it costs, against what verifying all of it would. Pure. */
import { fail, pass, unknown, type Finding } from '../verdict';
import { asked, countOf, type FloodSecond } from './history';

/** Of what verifying every request would cost. */
export const CPU_SHARE = 0.1;
/** With fewer there is nothing to tell from what the pods do anyway. */
const LEAST_REQUESTS = 1000;

/** Processor time of all pods together over a while, seconds. */
export interface CpuSpan {
  readonly seconds: number;
  readonly cpu: number;
}

export interface SignatureHistory {
  readonly flood: readonly FloodSecond[];
  /** Users alone. */
  readonly idle: CpuSpan;
  /** The same users, and `calibrated` requests whose signatures were all verified. */
  readonly calibration: CpuSpan;
  readonly calibrated: number;
  /** The same users, and the flood. */
  readonly flooded: CpuSpan;
  /** Signatures of the flood that the pods verified, by their own count. */
  readonly verified: number;
}

const perSecond = ({ cpu, seconds }: CpuSpan): number => cpu / seconds;
const above = (span: CpuSpan, idle: CpuSpan): number => span.cpu - perSecond(idle) * span.seconds;

/** Processor time of one request whose signature is verified and found wrong; null: lost in what the pods do anyway. */
export const costOfVerifying = ({ calibration, idle, calibrated }: SignatureHistory): number | null => {
  const extra = above(calibration, idle);
  return calibrated > 0 && extra > 0 ? extra / calibrated : null;
};

/** What the flood cost, as a share of what verifying all of it would have; null: can't be told. */
export const shareOfVerifying = (history: SignatureHistory): number | null => {
  const cost = costOfVerifying(history);
  return cost === null ? null : Math.max(0, above(history.flooded, history.idle)) / (cost * asked(history.flood));
};

const cpu = (history: SignatureHistory): Finding => {
  const share = shareOfVerifying(history);
  const requests = asked(history.flood);
  if (share === null) return unknown('cpu', 'what one request costs could not be told from what the pods do anyway');
  if (requests < LEAST_REQUESTS) return unknown('cpu', `${requests} requests are too few to tell`);
  const detail = `the flood of ${requests} requests cost ${(100 * share).toFixed(1)} % of what verifying all of them would; allowed are ${100 * CPU_SHARE} %`;
  return (share < CPU_SHARE ? pass : fail)('cpu', detail);
};

const refusedBefore = ({ flood, verified }: SignatureHistory): Finding => {
  const total = asked(flood);
  const detail = `${verified} of ${total} signatures were verified`;
  return verified < CPU_SHARE * total ? pass('refused-before-verifying', detail) : fail('refused-before-verifying', detail);
};

/** An invalid signature that is taken would be worse than any flood. */
const neverAccepted = ({ flood }: SignatureHistory): Finding => {
  const taken = countOf(flood, ({ status }) => status < 400);
  return taken === 0 ? pass('never-accepted', 'no request of the flood succeeded') : fail('never-accepted', `${taken} requests of the flood succeeded`);
};

const blockedAtTheGateway = ({ flood }: SignatureHistory): Finding => {
  const blocked = countOf(flood, ({ status, limit }) => status === 403 && limit === 'signatures');
  return blocked > 0
    ? pass('blocked-by-gateway', `${blocked} requests refused by the gateway`)
    : fail('blocked-by-gateway', 'the gateway refused none of them');
};

export const judgeSignatures = (history: SignatureHistory): readonly Finding[] => [
  cpu(history),
  refusedBefore(history),
  neverAccepted(history),
  blockedAtTheGateway(history),
];
