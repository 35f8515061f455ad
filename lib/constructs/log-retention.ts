import { RetentionDays } from 'aws-cdk-lib/aws-logs';

const ALLOWED = new Map<number, RetentionDays>(
  Object.values(RetentionDays)
    .filter((d) => typeof d === 'number')
    .filter((d) => d !== RetentionDays.INFINITE)
    .map((d) => [d, d]),
);

/**
 * CloudWatch Logs keeps logs only for certain numbers of days.
 * @throws Error naming the allowed numbers
 */
export const logRetention = (days: number): RetentionDays => {
  const retention = ALLOWED.get(days);
  if (retention === undefined) throw new Error(`logs cannot be kept for ${days} days; CloudWatch Logs allows ${[...ALLOWED.keys()].join(', ')}`);
  return retention;
};
