/** Judges what a pod with a wrong clock did with challenges and signatures, and what the monitors of clocks said. Pure. */
import { fail, pass, unknown, type Finding } from '../verdict';

/** One answer of a pod that was asked past the gateway. */
export interface ClockAnswer {
  /** What was asked of whom, in words. */
  readonly what: string;
  readonly expected: number;
  /** Null: no answer. */
  readonly status: number | null;
  /** Seconds from the first request to the last answer: what depends on a second can't be judged when it took longer. */
  readonly seconds: number;
  /** Longer than this, and the answer says nothing; null: it does not depend on it. */
  readonly within: number | null;
}

const answered = (check: string, answers: readonly ClockAnswer[]): Finding => {
  const wrong = answers.filter(({ status, expected }) => status !== expected);
  const late = wrong.find(({ within, seconds }) => within !== null && seconds > within);
  const told = wrong.map(({ what, expected, status }) => `${what}: ${status ?? 'no answer'} instead of ${expected}`).join('; ');
  if (answers.length === 0) return unknown(check, 'nothing was asked');
  if (wrong.length === 0) return pass(check, answers.map(({ what, status }) => `${what}: ${status ?? ''}`).join('; '));
  // A busy machine is no wrong answer; everything else that is wrong is.
  return wrong.length === 1 && late !== undefined ? unknown(check, `${told}, after ${late.seconds.toFixed(1)} s`) : fail(check, told);
};

/** When an alert began to fire, and when it was over, since what should bring that about; null: not in time. */
export interface ClockAlertTimes {
  /** Although one server alone was wrong: it must not. */
  readonly firedForOne: boolean;
  readonly firedSeconds: number | null;
  readonly resolvedSeconds: number | null;
  /** The largest offset that any monitor told, in seconds. */
  readonly offsetSeconds: number;
}

export interface ClockHistory {
  /** Within what is allowed. */
  readonly tolerated: readonly ClockAnswer[];
  readonly wrong: readonly ClockAnswer[];
  readonly healed: readonly ClockAnswer[];
  readonly alert: ClockAlertTimes;
}

export interface ClockExpectation {
  readonly fireWithinSeconds: number;
  readonly resolveWithinSeconds: number;
  /** By how much the servers were turned. */
  readonly turnedSeconds: number;
}

const inTime = (check: string, took: number | null, allowed: number, what: string): Finding =>
  took === null || took > allowed
    ? fail(check, `${what}: ${took === null ? 'not' : `after ${took.toFixed(1)} s,`} within ${allowed.toFixed(1)} s`)
    : pass(check, `${what} after ${took.toFixed(1)} s of ${allowed.toFixed(1)} s`);

/** So exactly a monitor measures beside a busy machine. */
const MEASURED_WITHIN_SECONDS = 0.5;

export const judgeClocks = ({ tolerated, wrong, healed, alert }: ClockHistory, expected: ClockExpectation): readonly Finding[] => {
  const error = Math.abs(alert.offsetSeconds - expected.turnedSeconds);
  return [
    answered('clock-tolerated', tolerated),
    answered('clock-wrong', wrong),
    answered('clock-healed', healed),
    alert.firedForOne
      ? fail('one-server-outvoted', 'one server that was wrong made an alarm')
      : pass('one-server-outvoted', 'one server that was wrong made no alarm'),
    inTime('clock-alert', alert.firedSeconds, expected.fireWithinSeconds, 'every node’s alert fired'),
    (error <= MEASURED_WITHIN_SECONDS ? pass : fail)(
      'clock-measured',
      `${alert.offsetSeconds.toFixed(2)} s were told, ${expected.turnedSeconds.toFixed(2)} s were to be`,
    ),
    inTime('clock-alert-over', alert.resolvedSeconds, expected.resolveWithinSeconds, 'once the clocks agreed no alert fired'),
  ];
};
