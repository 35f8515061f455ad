import { parse } from 'yaml';
import { alertRulesFile, ruleGroups, type AlertRule } from '../../lib/services/alert-rules';
import { workloadWithDefaults } from '../../lib/topology/defaults-workloads';
import { CACHE_DEFAULTS } from '../../lib/topology/defaults';
import { defineEnvironment } from '../../lib/topology/define';
import type { Environment } from '../../lib/topology/types';
import { nostream } from '../../lib/profiles/nostream';
import { p3 } from '../../lib/profiles/p3';
import { pouw } from '../../lib/profiles/pouw';
import { environmentWith } from '../topology/fixtures';

const image = `registry.example.com/app@sha256:${'0'.repeat(64)}`;
const profiles = [pouw({ image }), p3({ image, chainRpc: { host: 'rpc.example.com', port: 443 } }), nostream({ image })];
const environment: Environment = {
  ...defineEnvironment(environmentWith()),
  cache: CACHE_DEFAULTS,
  workloads: profiles.flatMap(({ workloads }) => workloads.map(workloadWithDefaults)),
};
const rules: readonly AlertRule[] = ruleGroups(environment).flatMap((group) => group.rules);
const named = (alert: string): AlertRule => {
  const found = rules.find((rule) => rule.alert === alert);
  if (found === undefined) throw new Error(`no alert ${alert}; there are ${rules.map((rule) => rule.alert).join(', ')}`);
  return found;
};

test.each([
  ['P3SessionAuthFailures', 'SEV-2', '> 0.05'],
  ['P3MeshPeersLow', 'SEV-3', '< 10'],
  ['P3AnchorQueueBackup', 'SEV-2', '> 1000'],
  ['P3DatabaseConnections', 'SEV-3', '> 0.8'],
  ['CacheMemory', 'SEV-2', '> 90'],
])('P3-5: %s is %s from %s on', (alert, severity, threshold) => {
  expect(named(alert).labels).toMatchObject({ severity, requirements: expect.stringContaining('P3-5') as string });
  expect(named(alert).expr).toContain(threshold);
});

test('PO-2: the rejection rate, its four causes, the storm, the database and the crash', () => {
  const causes = ['invalid_signature', 'expired_challenge', 'duplicate_nonce', 'malformed_receipt'];
  const found = rules.filter((rule) => rule.labels.workload === 'pouw' && rule.labels.requirements.split(',').includes('PO-2'));
  for (const cause of causes) expect(found.filter(({ expr }) => expr.includes(`reason="${cause}"`) && expr.endsWith('> 0.1'))).toHaveLength(1);
  expect(found.map(({ alert }) => alert)).toEqual(
    expect.arrayContaining(['PouwRejectionRate', 'PouwRateLimitStorm', 'PouwNoChallenges', 'PouwPodDown', 'PouwRestarts']),
  );
});

test('NR-6: critical is SEV-1 or SEV-2, warning SEV-3, info SEV-4', () => {
  const severities = Object.fromEntries(rules.filter(({ labels }) => labels.workload === 'nostream').map(({ alert, labels }) => [alert, labels.severity]));
  expect(severities).toMatchObject({
    NostreamGone: 'SEV-1',
    NostreamPodDown: 'SEV-2',
    NostreamPartition: 'SEV-1',
    NostreamDatabaseAway: 'SEV-1',
    NostreamByzantinePeer: 'SEV-1',
    NostreamCpu: 'SEV-3',
    NostreamMemory: 'SEV-3',
    NostreamQueue: 'SEV-3',
    NostreamCacheAway: 'SEV-3',
    NostreamPeerConnected: 'SEV-4',
    NostreamRestarts: 'SEV-4',
    NostreamSlow: 'SEV-4',
  });
  expect(named('NostreamCpu')).toMatchObject({ for: '300s', expr: expect.stringContaining('> 80') as string });
});

test('CS-7: memory in percent of the limit, a warning before it is critical', () => {
  expect(named('PouwMemory').expr).toContain(`/ ${2048 * 1024 ** 2} > 70`);
  expect(named('PouwMemoryCritical').expr).toContain('> 85');
});

test('every alert has a name of its own, a severity, requirements and a sentence, and asks about its own workload', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { alert, expr, labels, annotations } of rules) {
    expect([alert, labels.severity, labels.requirements, annotations.summary]).toEqual([
      expect.stringMatching(/^[A-Z][A-Za-z0-9]+$/),
      expect.stringMatching(/^SEV-[1-4]$/),
      expect.stringMatching(/^[A-Z0-9]+-\d+(,[A-Z0-9]+-\d+)*$/),
      expect.stringMatching(/\S.*\.$/),
    ]);
    expect(expr).not.toContain('$');
  }
});

test('the file is what Prometheus reads', () => expect(parse(alertRulesFile(environment))).toEqual({ groups: ruleGroups(environment) }));
test('without workloads there is nothing to tell', () => expect(ruleGroups({ ...environment, workloads: [] })).toEqual([]));
