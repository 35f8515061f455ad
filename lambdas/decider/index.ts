/** Is the region that takes writes lost? In the witness region: looks every few seconds. In a region that could take over: says what that region sees. */
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient } from '@aws-sdk/client-sfn';
import { randomUUID } from 'node:crypto';
import { functionName } from '../../lib/failover/names';
import { askFunction } from '../aws/ask-function';
import { clock } from '../aws/clock';
import { limits } from '../aws/limits';
import { publicHealthOf } from '../aws/public-health';
import { startWorkflow } from '../aws/start-workflow';
import { regionDoors } from '../runtime/doors';
import { logLine } from '../runtime/handler';
import { leaseOf } from '../runtime/lease';
import { noticeOf } from '../runtime/notice';
import { InvalidInput } from '../runtime/request';
import { Misconfigured, required, selfFromEnvironment, settingsFromEnvironment } from '../runtime/settings';
import { describeFrom, lookFrom, targetLookOf, type RegionWord, type TargetLook } from './look';
import { shift, type ShiftResult } from './shift';

/** Longer than a look takes in the other region, shorter than the pause between two. Milliseconds. */
const ASK_TIMEOUT = 4000;

const settings = settingsFromEnvironment();
const self = selfFromEnvironment();

/** ARN of the state machine that takes over, by region. */
const machineIn = (target: string): string => {
  const machines = JSON.parse(required('HOLDFAST_MACHINES')) as Readonly<Record<string, string>>;
  const { [target]: machine } = machines;
  if (machine === undefined) throw new Misconfigured(`HOLDFAST_MACHINES names no machine in ${target}`);
  return machine;
};

/** The dead-man alarm counts these lines, in CloudWatch's embedded metric format: a decider that is gone reports nothing, and that is the alarm. */
const metric = (now: number): Readonly<Record<string, unknown>> => ({
  _aws: { Timestamp: now, CloudWatchMetrics: [{ Namespace: 'Holdfast', Dimensions: [['environment']], Metrics: [{ Name: 'DeciderLooks', Unit: 'Count' }] }] },
  environment: settings.environment,
  DeciderLooks: 1,
});

const witness = (): (() => Promise<ShiftResult>) => {
  const { lease, items } = leaseOf(settings);
  const name = functionName({ name: settings.environment }, 'decider');
  const others = new Map(
    settings.regions.map((r) => [
      r.name,
      { sfn: new SFNClient({ region: r.name, ...limits(ASK_TIMEOUT) }), lambda: new LambdaClient({ region: r.name, ...limits(ASK_TIMEOUT), maxAttempts: 1 }) },
    ]),
  );
  const clientsIn = (region: string): { readonly sfn: SFNClient; readonly lambda: LambdaClient } => {
    const clients = others.get(region);
    if (clients === undefined) throw new Misconfigured(`there is no region "${region}"`);
    return clients;
  };
  const ports = {
    lease,
    items,
    clock,
    publicHealth: publicHealthOf(settings),
    notify: noticeOf(settings, self, items),
    lookFrom: async (target: string, home: string) => targetLookOf(await askFunction(clientsIn(target).lambda, name, { look: home })),
    start: (request: Parameters<typeof startWorkflow>[3]) =>
      startWorkflow(clientsIn(request.target).sfn, machineIn(request.target), settings.environment, request),
    report: (told: Readonly<Record<string, unknown>>) => logLine({ ...metric(Date.now()), ...told }),
  };
  return () => shift(settings, ports, randomUUID());
};

const target = (): ((event: unknown) => Promise<TargetLook | RegionWord>) => {
  const ports = { region: regionDoors(settings, self), publicHealth: publicHealthOf(settings) };
  return (event) => {
    if (typeof event === 'object' && event !== null && 'describe' in event) return describeFrom(ports, self);
    const home = typeof event === 'object' && event !== null && 'look' in event ? event.look : undefined;
    if (!settings.regions.some((region) => region.name === home))
      throw new InvalidInput(`look: given ${JSON.stringify(home)}; allowed: ${settings.regions.map((region) => region.name).join(', ')}`);
    return lookFrom(ports, self, String(home));
  };
};

export const handler: (event: unknown) => Promise<ShiftResult | TargetLook | RegionWord> = self === settings.witness ? witness() : target();
