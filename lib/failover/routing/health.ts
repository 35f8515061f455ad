/** From what the checkers saw to whether a check is healthy. */
import type { HealthCheck } from './types';

/** What records are chosen by. */
export interface Health {
  /** @throws Error when there is no such check: Route 53 would not have accepted the record */
  readonly check: (id: string) => boolean;
  /** What the load balancer says of itself; only aliases that evaluate their target's health ask. */
  readonly loadBalancer: (id: string) => boolean;
}

/** Whether the checkers' probes pass, by the check's id, before it is inverted. For a routing control: whether it is on. */
export type ProbeResults = ReadonlyMap<string, boolean>;

/**
 * - An inverted check is healthy when its probes say that it is not.
 *   Source: Route 53 API reference, HealthCheckConfig, `Inverted`.
 * - A calculated one is healthy when at least `HealthThreshold` of its children are; 0 is always healthy, more than there are children never. The same child twice
 *   counts twice, as in the API's list.
 *   Source: Route 53 API reference, HealthCheckConfig, `HealthThreshold` and `ChildHealthChecks`; developer guide, "How Amazon Route 53 determines whether a health
 *   check is healthy", section on health checks that monitor other health checks.
 * - A check that nothing is known of yet counts as healthy (and an inverted one as unhealthy).
 *   Source: the same page, section on endpoints, note on new health checks.
 *
 * @param loadBalancers whether each load balancer has a healthy target, by its id; not named: healthy
 */
export const healthOf = (checks: readonly HealthCheck[], results: ProbeResults, loadBalancers: ProbeResults = new Map()): Health => {
  const known = new Map(checks.map((check) => [check.id, check]));
  const settled = new Map<string, boolean>();
  const evaluate = (check: HealthCheck): boolean => {
    const passes = check.kind === 'calculated' ? check.children.filter((child) => healthy(child)).length >= check.threshold : (results.get(check.id) ?? true);
    return passes !== check.inverted;
  };
  const healthy = (id: string): boolean => {
    const before = settled.get(id);
    if (before !== undefined) return before;
    const check = known.get(id);
    if (check === undefined) throw new Error(`there is no health check "${id}"; there are: ${[...known.keys()].join(', ') || 'none'}`);
    // Route 53 refuses circles. Here one would never end, so a check that asks for itself reads "healthy" at that place.
    settled.set(id, true);
    const value = evaluate(check);
    settled.set(id, value);
    return value;
  };
  return { check: healthy, loadBalancer: (id) => loadBalancers.get(id) ?? true };
};
