import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { logRetention } from '../../lib/constructs/log-retention';

test.each([
  [7, RetentionDays.ONE_WEEK],
  [90, RetentionDays.THREE_MONTHS],
])('%i days are allowed', (days, retention) => expect(logRetention(days)).toBe(retention));

test.each([0, 2, 91])('%i days are refused, with what is allowed', (days) => expect(() => logRetention(days)).toThrow(/allows 1, 3, 5, 7, 14, 30, /));
