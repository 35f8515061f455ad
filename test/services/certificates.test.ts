import { certificateAlerts, clockAlerts } from '../../lib/services/certificate-alerts';
import { monitorConfig, ownThresholds, watchedPorts } from '../../lib/services/certificates';
import { chronyScript } from '../../lib/services/chrony';
import { homeRegion } from '../../lib/topology/derive';
import { environmentNamed } from '../k8s/fixtures';

const lab = environmentNamed('lab-workloads');

describe('what is told of certificates', () => {
  const alerts = certificateAlerts(lab);
  const alert = (name: string): string => alerts.find((a) => a.name === name)?.expression ?? 'missing';

  test('has every threshold of the model, in its severity', () => {
    expect(alerts.filter((a) => a.name.startsWith('PublicCertificate')).map((a) => [a.severity, /< (\d+)$/.exec(a.expression)?.[1]])).toEqual([
      ['SEV-4', '240'],
      ['SEV-3', '180'],
      ['SEV-2', '120'],
      ['SEV-1', '60'],
    ]);
  });
  test('does not take what nobody saw for good', () => {
    expect(alert('CertificateRefused')).toBe('holdfast_certificate_valid == 0');
    expect(alert('CertificatesNotLookedAt')).toMatch(/absent\(/);
  });
  test('has the clocks, also where no certificate is renewed', () =>
    expect([...certificateAlerts(environmentNamed('lab')), ...clockAlerts(environmentNamed('lab'))].map((a) => a.name)).toEqual(['ClockOff', 'ClockUnknown']));
  test('never complains of an own certificate before its renewal is due', () => {
    const { warning, high, critical, emergency } = ownThresholds(lab);
    expect(warning).toBeLessThanOrEqual(lab.certificates.renewBefore);
    expect([warning, high, critical, emergency]).toEqual([...[warning, high, critical, emergency]].sort((a, b) => b - a));
    expect(emergency).toBeGreaterThan(0);
  });
});

test('every component that speaks TLS is watched, by the name that its clients use', () => {
  const ports = watchedPorts(lab, homeRegion(lab));
  expect(new Set(ports.map(({ component }) => component))).toEqual(new Set(['gateway', 'etcd', 'postgres', 'pgbouncer', 'cache']));
  expect(ports.find(({ component }) => component === 'gateway')).toMatchObject({ names: ['app.holdfast.test'], trust: 'public', port: 8443 });
  expect(ports.find(({ component }) => component === 'etcd')?.names).toEqual(['{pod}.etcd.data.svc.cluster.local']);
  expect(monitorConfig(lab, homeRegion(lab), 'public').names).toEqual([{ host: 'app.holdfast.test', port: 443 }]);
  expect(monitorConfig(lab, homeRegion(lab), 'lab').names).toEqual([]);
});

test('a node’s chrony has every source once, and believes none alone', () => {
  const script = chronyScript({ sources: ['169.254.169.123', 'time.aws.com', 'time.google.com'] }).join('\n');
  expect(script.match(/^server .*$/gm)).toEqual(['server time.aws.com iburst', 'server time.google.com iburst']);
  expect(script).toMatch(/^minsources 2$/m);
});
