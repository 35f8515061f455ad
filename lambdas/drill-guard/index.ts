/** May this drill be run now? Looks at everything that the state machine has not looked at already, and decides; carries nothing out. */
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { leaseGet, leaseOf } from '../../lib/failover/lease-item';
import { guardDrill, type DrillSight, type GuardDecision, type SeenAlarm } from '../../lib/operations/drills/guard';
import type { Proof } from '../../lib/operations/drills/proof';
import type { DrillSettings } from '../../lib/operations/drills/settings';
import { drillRunner, type DrillRunner } from '../../lib/topology/drill-runners';
import { journalHere } from '../drills/clients-journal';
import { drillEvent, drillSettingsHere, logLine, required, type DrillEvent } from '../drills/settings';

export type GuardAnswer = GuardDecision & { readonly runner: DrillRunner['kind']; readonly approvedBy: string | null };

/** What the function looks at. Each throws when it could not look. */
export interface GuardEyes {
  readonly now: () => number;
  readonly incident: () => Promise<{ readonly title: string } | null>;
  readonly running: () => Promise<{ readonly drill: string } | null>;
  readonly failover: () => Promise<boolean>;
  readonly approval: (drill: string) => Promise<Exclude<DrillSight['approval'], 'unknown'>>;
}

/** What could not be looked at is unknown, said in the log, and stands in the way. */
const orUnknown = async <T>(what: string, look: () => Promise<T>): Promise<T | 'unknown'> => {
  try {
    return await look();
  } catch (error) {
    logLine({ notSeen: what, because: error instanceof Error ? error.message : String(error) });
    return 'unknown';
  }
};

const STATES = ['OK', 'ALARM', 'INSUFFICIENT_DATA'] as const;

/** `DescribeAlarms`' answer, which the state machine asked for; without one nothing is known of any alarm. */
export const seenAlarms = ({ rest }: DrillEvent): readonly SeenAlarm[] | 'unknown' => {
  const alarms = rest['alarms'];
  if (!Array.isArray(alarms)) return 'unknown';
  return alarms.map((alarm: unknown) => {
    const { AlarmName, StateValue } = (typeof alarm === 'object' && alarm !== null ? alarm : {}) as {
      readonly AlarmName?: unknown;
      readonly StateValue?: unknown;
    };
    return { name: String(AlarmName), state: STATES.find((state) => state === StateValue) ?? 'INSUFFICIENT_DATA' };
  });
};

/** What drill-register answered, in the state before this one; without an answer nothing is known of any proof. */
export const seenProofs = ({ rest }: DrillEvent): DrillSight['proofs'] => {
  const proofs = rest['proofs'];
  return Array.isArray(proofs) ? (proofs as readonly Proof[]) : 'unknown';
};

export const makeGuard =
  (settings: DrillSettings, eyes: GuardEyes) =>
  async (given: unknown): Promise<GuardAnswer> => {
    const event = drillEvent(given, settings);
    const [incident, running, failover, approval] = await Promise.all([
      orUnknown('incident', eyes.incident),
      orUnknown('running drill', eyes.running),
      settings.failover === null ? false : orUnknown('failover', eyes.failover),
      orUnknown('approval', () => eyes.approval(event.drill)),
    ]);
    const sight: DrillSight = {
      now: eyes.now(),
      askedBy: event.askedBy,
      proofs: seenProofs(event),
      alarms: seenAlarms(event),
      incident,
      running,
      failover,
      approval,
    };
    const decision = guardDrill(settings, event.drill, sight);
    const approvedBy = settings.drillPolicy.approval && approval !== null && approval !== 'unknown' ? approval.by : null;
    const answer = { ...decision, runner: drillRunner(settings, event.drill).kind, approvedBy };
    logLine({ environment: settings.name, drill: event.drill, run: event.run, ...answer });
    return answer;
  };

/** Any replica of the lease: the table is strongly consistent across its regions. */
const failoverMoves = async (table: string, replicas: readonly string[]): Promise<boolean> => {
  const asked = replicas.map(async (region) => {
    const { Item } = await new DynamoDBClient({ region, maxAttempts: 2 }).send(new GetItemCommand(leaseGet(table)));
    return leaseOf(Item)?.phase === 'moving';
  });
  return Promise.any(asked);
};

const eyesHere = (): GuardEyes => {
  const journal = journalHere();
  const now = (): number => Date.now();
  return {
    now,
    incident: () => journal.incident(),
    running: () => journal.running(now()),
    failover: () => failoverMoves(required('HOLDFAST_LEASE_TABLE'), required('HOLDFAST_LEASE_REGIONS').split(',')),
    approval: (drill) => journal.approval(drill),
  };
};

export const handler = async (event: unknown): Promise<GuardAnswer> => {
  const settings = drillSettingsHere();
  return makeGuard(settings, eyesHere())(event);
};
