/** What `gateway` looks like in an `EnvironmentInput`. */
import { object, type Shape } from './shape';
import { count, duration, mebi, milli } from './shape-leaves';
import type { GatewayInput, Resources } from './types';
import type { GatewayCheck, GatewayDrain, GatewayTimeouts } from './types-gateway';

export const gatewayShape: Shape<GatewayInput> = object<GatewayInput>(
  {
    check: object<Partial<GatewayCheck>>({ interval: duration, timeout: duration, failures: count }, {}),
    timeouts: object<Partial<GatewayTimeouts>>(
      { request: duration, client: duration, keepAlive: duration, connect: duration, server: duration, queue: duration },
      {},
    ),
    drain: object<Partial<GatewayDrain>>({ preStop: duration, timeout: duration }, {}),
    maxConnections: count,
    connectionsPerPod: count,
    addresses: count,
    resources: object<Partial<Resources>>({ cpu: milli, memory: mebi, cpuLimit: milli }, {}),
  },
  {},
);
