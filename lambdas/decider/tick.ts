/** One look of the decider: everything is asked at once, decided purely, acted on, and remembered. */
import { decideLoss, type LossDecision, type LossLook, type LossMemory, type LossStep } from '../../lib/failover/decide-loss';
import type { Clock, FailoverPorts, LeaseStore } from '../../lib/failover/failover-ports';
import type { LeaseRecord } from '../../lib/failover/lease';
import type { FailoverSettings } from '../../lib/failover/settings';
import type { Started, StartRequest } from '../aws/start-workflow';
import type { TargetLook } from './look';

export interface TickPorts extends Pick<FailoverPorts, 'publicHealth' | 'notify'> {
  readonly lease: Pick<LeaseStore, 'read'>;
  readonly clock: Pick<Clock, 'now'>;
  /** What the target region says; @throws Error when it does not answer */
  readonly lookFrom: (target: string, home: string) => Promise<TargetLook>;
  readonly start: (request: StartRequest) => Promise<Started>;
  readonly report: (told: Readonly<Record<string, unknown>>) => void;
}

const NOT_KNOWN: TargetLook = { hearing: 'unknown', fromTarget: 'unknown' };

interface Seen {
  readonly look: LossLook;
  readonly home: string;
}

/** The first region in the model's order that is not the home one: it takes over. */
const targetFor = ({ regions }: FailoverSettings, home: string): string => {
  const target = regions.find((region) => region.name !== home)?.name;
  if (target === undefined) throw new Error(`there is no region but ${home} to take over`);
  return target;
};

/** The lease says who has the writes. While it does not answer, whoever had them last is looked at. */
const lookAround = async (settings: FailoverSettings, ports: TickPorts, lastHome: string): Promise<Seen> => {
  const lease: LeaseRecord | null | undefined = await ports.lease.read().catch(() => undefined); // undefined means exactly that: it did not answer
  const home = lease?.holder ?? lastHome;
  const target = targetFor(settings, home);
  const [fromWitness, { hearing, fromTarget }] = await Promise.all([ports.publicHealth(home), ports.lookFrom(target, home).catch(() => NOT_KNOWN)]);
  const now = ports.clock.now();
  return { home, look: { at: now, now, lease, target, fromWitness, fromTarget, hearing } };
};

/** What the decider keeps between looks. */
export interface DeciderMemory {
  readonly home: string;
  readonly loss: LossMemory;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

const act = async (ports: TickPorts, decision: LossDecision): Promise<Started | undefined> => {
  if (decision.kind === 'page-human') await ports.notify.tell('page', decision.id, decision.because);
  if (decision.kind !== 'start') return undefined;
  const { target, fromEpoch, renewals, because } = decision;
  return ports.start({ direction: 'failover', target, fromEpoch, renewals, person: null, because, forceLoss: null, dryRun: false });
};

/** Forgets that a failover was started which could not be: the next look tries again. */
const notStarted = (step: LossStep, before: LossMemory | undefined): LossMemory => ({ ...step.memory, startedIn: before?.startedIn ?? null });

export const tick = async (settings: FailoverSettings, ports: TickPorts, before: DeciderMemory | undefined): Promise<DeciderMemory> => {
  const { look, home } = await lookAround(settings, ports, before?.home ?? settings.home);
  const step = decideLoss(settings, before?.loss, look);
  const told = {
    decider: step.decision.kind,
    because: step.decision.because,
    signals: step.signals,
    home,
    lease: look.lease === undefined ? 'silent' : (look.lease?.epoch ?? 'none'),
    fromWitness: look.fromWitness,
    fromTarget: look.fromTarget,
    hearing: look.hearing,
  };
  try {
    const started = await act(ports, step.decision);
    ports.report({ ...told, ...(started === undefined ? {} : { started: started.name, how: started.kind }) });
    return { home, loss: step.memory, at: look.now };
  } catch (error) {
    ports.report({ ...told, failed: error instanceof Error ? error.message : String(error) });
    return { home, loss: notStarted(step, before?.loss), at: look.now };
  }
};
