/** What CronJobs have in common. */

/** Runs never overlap; one that could not begin within an hour is left out: the next one does its work. */
export const ONE_AT_A_TIME = { timeZone: 'Etc/UTC', concurrencyPolicy: 'Forbid', startingDeadlineSeconds: 3600, successfulJobsHistoryLimit: 3 } as const;

/** A schedule that the API server accepts for a job that only a command starts. */
export const NEVER = '0 0 31 2 *';
