/** Every guard of the failover, by the name of its removal. A simulation that does not notice that one is missing proves nothing about it. */
export const MUTATIONS = {
  'no-wait-out': 'the target is promoted without waiting for the end of the old lease',
  'no-margin': 'the lease is waited out without its margin',
  'waits-on-the-wall-clock': 'the wait is measured on a clock that people set',
  'renewal-by-anybody': 'a renewal is granted whoever holds the lease',
  'failsafe-ignores-promise': 'a region vouches although it has promised another epoch',
  'failsafe-takes-silence-for-yes': 'a region that does not answer counts as one that vouches',
  'failsafe-asks-only-one': 'one of several regions is enough to go on',
  'vouch-with-a-stale-reading': 'a region vouches by what it knew of itself some time ago',
  'deadline-after-the-answer': 'the deadline counts from the answer, not from before the question',
  'clock-stops-while-frozen': 'the deadline is on a clock that stands still while the machine does',
  'no-commit-guard': 'PostgreSQL commits without looking at the deadline',
  'no-second-look': 'PostgreSQL looks at the deadline before it waits for its standby, and not after',
  'promote-without-mark': 'the target is promoted without the lease store’s word',
  'promote-in-any-epoch': 'a region is promoted in an epoch that is not higher than what it knows',
  'abort-after-promoting': 'a run is given up after the point of no return',
  'two-signals-of-four': 'two signals are enough to take a region for lost',
  'one-look': 'one look is enough to take a region for lost',
  'no-lag-gate': 'a target is promoted however far it is behind',
  'reachable-needs-nobody': 'a primary region that is alive is failed over without asking anybody',
  'stale-approval-accepted': 'an approval of another attempt counts',
  'forged-approval-accepted': 'an approval counts although nobody knows who it is from',
  'one-person-is-two': 'two approvals of one person count as two',
  'failback-by-expiry': 'a failback goes on without the old region’s word and all of its log',
  'failback-without-the-end': 'a failback goes on before the target has received everything',
  'carried-out-is-a-failure': 'an attempt that finds its change carried out by another one undoes it, or calls somebody',
  'switch-in-any-epoch': 'a switch object is written whatever epoch it says',
} as const;
export type Mutation = keyof typeof MUTATIONS;
export const mutationNames = Object.keys(MUTATIONS) as readonly Mutation[];

/** What the proof assumes; beyond it, there is none. These show that the assumptions are needed, and are no guards. */
export const BROKEN_ASSUMPTIONS = {
  'longer-pause': 'a commit is held for longer than the margin covers, between its last look at the deadline and its acknowledgement',
  'more-drift': 'clocks drift more than is assumed',
} as const;
export type BrokenAssumption = keyof typeof BROKEN_ASSUMPTIONS;
