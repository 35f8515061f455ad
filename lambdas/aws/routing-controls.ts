/** The traffic switch as ARC routing controls, one per region: changed through any of the cluster's five endpoints, its data plane. */
import { GetRoutingControlStateCommand, Route53RecoveryClusterClient, UpdateRoutingControlStatesCommand } from '@aws-sdk/client-route53-recovery-cluster';
import { NoAnswer } from '../../lib/failover/errors';
import type { SwitchReading, TrafficSwitchPort } from '../../lib/failover/failover-ports';
import { failCall, limits } from './limits';
import { Misconfigured, required } from '../runtime/settings';

export interface RoutingControls {
  /** The cluster's endpoints: any of them will do. */
  readonly endpoints: readonly { readonly region: string; readonly endpoint: string }[];
  /** The ARN of each standby region's control; all of them off means the home region. */
  readonly controls: Readonly<Record<string, string>>;
}

const TIMEOUT = 2000;

export const routingControlsFromEnvironment = (environment: NodeJS.ProcessEnv = process.env): RoutingControls => {
  const value = JSON.parse(required('HOLDFAST_ROUTING_CONTROLS', environment)) as Partial<RoutingControls>;
  const { endpoints = [], controls = {} } = value;
  if (endpoints.length === 0 || Object.keys(controls).length === 0)
    throw new Misconfigured(
      'HOLDFAST_ROUTING_CONTROLS: allowed: {endpoints: [{region, endpoint}], controls: {region: arn}} with a control for each standby region',
    );
  return { endpoints, controls };
};

type Client = Pick<Route53RecoveryClusterClient, 'send'>;
export const clusterClients = ({ endpoints }: RoutingControls): readonly Client[] =>
  endpoints.map(({ region, endpoint }) => new Route53RecoveryClusterClient({ region, endpoint, ...limits(TIMEOUT) }));

const atAnyEndpoint = async <T>(clients: readonly Client[], ask: (client: Client) => Promise<T>): Promise<T> => {
  const failures: unknown[] = [];
  for (const client of clients) {
    try {
      return await ask(client);
    } catch (error) {
      failures.push(error);
    }
  }
  return failCall('the routing controls', failures.at(-1) ?? new NoAnswer('no endpoint of the cluster'));
};

/**
 * All controls change in one call, so that no moment has two regions on. A control carries no epoch: that it never goes backwards follows from the lease, which proves
 * the run's epoch just before.
 */
export const routingControls = (settings: RoutingControls, clients = clusterClients(settings)): TrafficSwitchPort => {
  const names = Object.keys(settings.controls);
  const stateOf = async (name: string): Promise<SwitchReading> => {
    const command = new GetRoutingControlStateCommand({ RoutingControlArn: settings.controls[name] });
    const { RoutingControlState: state } = await atAnyEndpoint(clients, (client) => client.send(command));
    return state === 'On' ? { kind: 'says', value: { active: name, epoch: 0 } } : { kind: 'absent' };
  };
  return {
    quorum: 1,
    read: () => Promise.all(names.map(async (name) => ({ name, reading: await stateOf(name).catch(() => ({ kind: 'silent' as const })) }))),
    point: async (region) => {
      const entries = names.map((name) => ({
        RoutingControlArn: settings.controls[name],
        RoutingControlState: name === region ? ('On' as const) : ('Off' as const),
      }));
      try {
        await atAnyEndpoint(clients, (client) => client.send(new UpdateRoutingControlStatesCommand({ UpdateRoutingControlStateEntries: entries })));
        return { pointed: [region], newer: [], silent: [], notes: [] };
      } catch (error) {
        // The step says so, and tries again.
        return { pointed: [], newer: [], silent: [region], notes: [error instanceof Error ? error.message : String(error)] };
      }
    },
  };
};
