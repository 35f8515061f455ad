/**
 * What Route 53 knows of each load balancer's targets. A load balancer that can't be reached tells nothing, and the last that was known stays: whether AWS would
 * notice that a whole region is gone this way is not documented, so nothing here rests on it.
 */
import { Agent, request } from 'node:https';
import type { HealthCheck, ProbeResults, Zone } from '../../lib/failover/routing';

const ASK_EVERY_MS = 2_000;
const PATIENCE_MS = 1_500;

export class Balancers {
  private readonly agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  private readonly healthy = new Map<string, boolean>();
  private readonly timer = setInterval(() => this.askAll(), ASK_EVERY_MS);

  constructor(
    private readonly entrances: Readonly<Record<string, string>>,
    private readonly path: string,
    private readonly onChange: (region: string, healthy: boolean) => void,
  ) {
    this.askAll();
  }

  private askAll(): void {
    for (const [region, host] of Object.entries(this.entrances)) this.ask(region, host);
  }

  private ask(region: string, host: string): void {
    const outgoing = request({ host, path: this.path, agent: this.agent, timeout: PATIENCE_MS }, (answer) => {
      answer.resume();
      const healthy = answer.statusCode === 200;
      if (this.healthy.get(region) !== healthy) this.onChange(region, healthy);
      this.healthy.set(region, healthy);
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => undefined); // not reached: nothing new is known
    outgoing.end();
  }

  /** By the load balancers' ids in the records. */
  results({ records }: Pick<Zone, 'records'>): ProbeResults {
    return new Map(records.flatMap(({ target }) => (target.kind === 'loadBalancer' ? [[target.id, this.healthy.get(target.region) ?? true] as const] : [])));
  }

  close(): void {
    clearInterval(this.timer);
    this.agent.destroy();
  }
}

export const probesOf = (checks: readonly HealthCheck[]): readonly Extract<HealthCheck, { kind: 'probe' }>[] =>
  checks.filter((check) => check.kind === 'probe');
