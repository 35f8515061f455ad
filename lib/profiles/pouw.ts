/** The proof-of-useful-work service (rows PW and PO of the catalogue). Its image serves /health/live, /health/ready and /health on 8080, and the metrics `pouw_*` on 9090. */
import type { WorkloadAlert } from '../topology/types-workloads';
import { days, hours, minutes, seconds } from '../topology/units';
import type { RetentionPolicy } from '../topology/types';
import { adjusted, shareAbove, type Profile, type ProfileInput } from './profile';

const REJECTED = 'pouw_receipts_rejected_total';
const RECEIVED = 'pouw_receipts_received_total{job="$job"}';

/** The four reasons of PO-2, what each means, and what to do first. */
const CAUSES = {
  invalid_signature: ['InvalidSignatures', 'keys that do not match, or a flood: see `holdfast block ip`; client certificates keep known clients in', ['PW-6']],
  expired_challenge: ['ExpiredChallenges', 'slow clients, or a clock that drifts: compare the clocks’ offsets first', ['PW-7']],
  duplicate_nonce: ['DuplicateNonces', 'a replay, or a client that repeats itself: find the DID in the log, and `holdfast block did`', ['PW-4']],
  malformed_receipt: ['MalformedReceipts', 'clients of another protocol version: compare their versions with the last release', ['PO-2']],
} as const;

const rejections: readonly WorkloadAlert[] = Object.entries(CAUSES).map(([reason, [name, means, requirements]]) => ({
  name: `Pouw${name}`,
  requirements: [...new Set(['PO-2', ...requirements])],
  severity: 'SEV-3',
  expression: shareAbove(`${REJECTED}{job="$job",reason="${reason}"}`, RECEIVED, 0.1),
  for: minutes(5),
  summary: `More than 10 % of the receipts are rejected as ${reason}: ${means}.`,
}));

const ALERTS: readonly WorkloadAlert[] = [
  {
    name: 'PouwRejectionRate',
    requirements: ['PO-2'],
    severity: 'SEV-2',
    expression: shareAbove(`${REJECTED}{job="$job"}`, RECEIVED, 0.1),
    for: minutes(5),
    summary: 'More than 10 % of the receipts are rejected; one of the four alerts by reason says why.',
  },
  ...rejections,
  {
    name: 'PouwRateLimitStorm',
    requirements: ['PO-2', 'CS-4'],
    severity: 'SEV-2',
    expression:
      'sum(rate(pouw_rate_limit_denials_total{job="$job"}[1m])) > 10 and sum(rate(pouw_rate_limit_denials_total{job="$job"}[1m])) > 10 * sum(rate(pouw_rate_limit_denials_total{job="$job"}[1h] offset 5m))',
    for: minutes(2),
    summary: 'Ten times as many requests are denied as in the last hour: an attack (`holdfast limits --emergency`), or users that need higher limits.',
  },
  {
    name: 'PouwNoChallenges',
    requirements: ['PO-1', 'PO-2'],
    severity: 'SEV-1',
    expression: 'sum(rate(pouw_challenges_issued_total{job="$job"}[5m])) == 0 and sum(rate(pouw_challenges_issued_total{job="$job"}[1h] offset 10m)) > 0',
    for: minutes(5),
    summary:
      'No challenge has been issued for five minutes, and there were some before: "connection refused" or "too many connections" in the log means the database (`holdfast connections`).',
  },
  {
    name: 'PouwRewardsBehind',
    requirements: ['PW-5', 'NR-6'],
    severity: 'SEV-3',
    expression: 'max(pouw_reward_queue_depth{job="$job"}) > 1000',
    for: minutes(5),
    summary: 'More than 1000 rewards wait to be calculated although workers were added.',
  },
];

/** PO-3: challenges after a week, nonces after a day, receipts to the archive after 90 days. */
const RETENTION: readonly RetentionPolicy[] = [
  { table: 'challenges', column: 'expires_at', olderThan: days(7), archiveTo: null, every: 'month' },
  { table: 'used_nonces', column: 'created_at', olderThan: hours(24), archiveTo: null, every: 'month' },
  { table: 'receipts', column: 'submitted_at', olderThan: days(90), archiveTo: 'receipts_archive', every: 'month' },
];

/** @example const work = pouw({ image: 'registry.example.com/pouw@sha256:...' }); */
export const pouw = (input: ProfileInput): Profile => ({
  workloads: [
    adjusted(
      {
        name: 'pouw',
        image: input.image,
        needs: ['database', 'cache'],
        databaseConnections: 20,
        // PW-5: twice the replicas that normal load needs, added by the queue's length; ingest is told to slow down before it grows without bound.
        scaling: { min: 3, max: 12, queue: { metric: 'pouw_reward_queue_depth', perReplica: 500, backpressureAt: 5000 } },
        // A challenge that does not exist: asked for as a user's would be.
        rollout: { analysis: { path: '/api/v1/pouw/challenges/00000000-0000-4000-8000-000000000000' } },
        drain: { preStop: seconds(5), timeout: seconds(30), grace: seconds(45) },
        public: {
          paths: ['/api/v1/pouw'],
          endpoints: [
            { method: 'POST', path: '/api/v1/pouw/receipts' },
            { method: 'POST', path: '/api/v1/pouw/challenges' },
          ],
        },
        alerts: ALERTS,
      },
      input,
    ),
  ],
  retention: RETENTION,
  requirements: ['PW-1', 'PW-2', 'PW-3', 'PW-4', 'PW-5', 'PW-6', 'PW-7', 'PW-9', 'PW-10', 'PW-11', 'PO-1', 'PO-2', 'PO-3', 'PO-4', 'PO-5'],
  // PW-11: node, database, everything, and security.
  drills: ['primary-node-dies', 'az-lost', 'region-cold-start', 'credentials-compromised', 'maintenance-under-load'],
});
