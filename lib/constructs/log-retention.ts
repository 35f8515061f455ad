import { RetentionDays } from 'aws-cdk-lib/aws-logs';

const ALLOWED = Object.values(RetentionDays).filter((d): d is RetentionDays => typeof d === 'number');

/**
 * CloudWatch Logs keeps logs only for certain numbers of days.
 * @throws Error naming the allowed numbers
 */
export const logRetention = (days: number): RetentionDays => {
  const allowed = ALLOWED.find((d) => Number(d) === days);
  if (allowed === undefined) throw new Error(`logs cannot be kept for ${days} days; CloudWatch Logs allows ${ALLOWED.map(Number).filter((d) => d !== Number(RetentionDays.INFINITE)).join(', ')}`);
  return allowed;
};
