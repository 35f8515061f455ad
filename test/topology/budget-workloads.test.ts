import { labWorkloads } from '../../lib/environments/lab-workloads';
import { drillsFor } from '../../lib/drill/catalog';
import { obstacleTo } from '../../lib/topology/applicable';
import { budgetFor } from '../../lib/topology/budget';
import { defineEnvironment } from '../../lib/topology/define';
import { balancerOutOfRotationSeconds, OUT_OF_ROTATION, outOfRotationSeconds } from '../../lib/topology/gateway';
import { WORKLOAD_SCENARIOS } from '../../lib/topology/scenarios';
import type { EnvironmentInput } from '../../lib/topology/types';
import type { WorkloadInput } from '../../lib/topology/types-workloads';
import { seconds } from '../../lib/topology/units';
import { probeFailsWithin, releaseServesWithin, requireUserWorkload, restartsWithin, takenBackWithin, userWorkload } from '../../lib/topology/workload-timings';
import { environmentWith } from './fixtures';

const lab = defineEnvironment(labWorkloads);
const workload = requireUserWorkload(lab);
const changed = (change: Partial<WorkloadInput>, more: Partial<EnvironmentInput> = {}): EnvironmentInput => ({
  ...labWorkloads,
  ...more,
  workloads: (labWorkloads.workloads ?? []).map((w) => ({ ...w, ...change })),
});

test.each(WORKLOAD_SCENARIOS)('%s: its budget is within its objective', (scenario) => {
  const { upperSeconds, lowerSeconds, objective } = budgetFor(lab, scenario);
  expect(lowerSeconds).toBeLessThanOrEqual(upperSeconds);
  expect(upperSeconds).toBeLessThanOrEqual(objective.rto);
});

test('a dead pod is out of rotation within 5 s, and where a load balancer has to notice that a gateway is gone, within 30', () => {
  expect(outOfRotationSeconds(lab.gateway.check)).toBeLessThanOrEqual(OUT_OF_ROTATION.withinCluster);
  expect(balancerOutOfRotationSeconds() + outOfRotationSeconds(lab.gateway.check)).toBeLessThanOrEqual(OUT_OF_ROTATION.onAws);
  // Without the gateway's own checks it would be the kubelet's, and of a node that is gone Kubernetes' own 40 s.
  expect(probeFailsWithin(workload.probes.readiness)).toBeGreaterThan(OUT_OF_ROTATION.withinCluster);
});

test('a pod that the kernel killed serves again within 20 s', () => {
  expect(restartsWithin(workload)).toBeLessThanOrEqual(20);
});

test('slower checks of the gateway make the budget longer, by as much', () => {
  const check = { ...lab.gateway.check, timeout: seconds(1.1) };
  const slower = defineEnvironment({ ...labWorkloads, gateway: { check } });
  const more = outOfRotationSeconds(check) - outOfRotationSeconds(lab.gateway.check);
  expect(more).toBeGreaterThan(0);
  expect(budgetFor(slower, 'application-node-dies').upperSeconds - budgetFor(lab, 'application-node-dies').upperSeconds).toBeCloseTo(more, 3);
});

test('a longer analysis keeps a release that fails longer, and a longer deadline one that never gets ready', () => {
  const { rollout } = workload;
  const longer = {
    ...workload,
    rollout: { ...rollout, progressDeadline: seconds(rollout.progressDeadline + 60), analysis: { ...rollout.analysis, duration: seconds(45) } },
  };
  expect(takenBackWithin(longer, 'never-ready') - takenBackWithin(workload, 'never-ready')).toBe(60);
  expect(takenBackWithin(longer, 'crash-loop')).toBe(takenBackWithin(longer, 'never-ready'));
  expect(takenBackWithin(longer, 'failing-requests') - takenBackWithin(workload, 'failing-requests')).toBe(45 - rollout.analysis.duration);
  expect(releaseServesWithin(longer) - releaseServesWithin(workload)).toBe(45 - rollout.analysis.duration);
});

describe('scenarios of workloads', () => {
  it('are drilled where users reach one', () => {
    const names = drillsFor(lab).map((d) => d.name);
    expect(names).toEqual(expect.arrayContaining([...WORKLOAD_SCENARIOS]));
  });
  it('do not concern an environment without', () => {
    const without = defineEnvironment(environmentWith());
    expect(userWorkload(without)).toBeNull();
    expect(WORKLOAD_SCENARIOS.map((s) => obstacleTo(without, s))).toEqual(WORKLOAD_SCENARIOS.map(() => 'no workload is reached by users'));
    expect(() => requireUserWorkload(without)).toThrow(/`public`/);
  });
  it.each([
    ['database-down', changed({ needs: ['cache'], databaseConnections: null }), /does without database/],
    ['pod-loses-database', changed({ needs: ['cache'], databaseConnections: null }), /does without database/],
    ['cache-down', changed({ needs: ['database'] }), /does without cache/],
    ['queue-backlog', changed({ scaling: { min: 3, max: 6 } }), /has no queue/],
    ['load-surge', changed({ scaling: { min: 3, max: 3 } }), /as many replicas/],
  ] as const)('%s does not concern a workload that lacks what it strikes', (scenario, environment, because) => {
    expect(obstacleTo(defineEnvironment(environment), scenario)).toMatch(because);
  });
});
