import { Chart } from 'cdk8s';
import { KubeConfigMap, KubeNamespace } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { ALERT_RULES_FILE, alertRulesFile } from '../lib/services/alert-rules';
import { LIMITS_CONFIG, renderLimits, SWITCHES_CONFIG } from '../lib/services/limits';
import { APPLICATION_NAMESPACE } from '../lib/topology/derive';
import { handOverLogins } from './application-secrets';
import type { ChartContext } from './data-chart';
import { CACHE_CLIENT_LABEL, DATABASE_CLIENT_LABEL } from './names';
import { denyByDefault } from './network-policies';
import { inApplications } from './workload-names';

const LEVEL = 'restricted';

/** What all workloads stand on: their namespace, in which nothing may talk to anything by itself, their logins, and the switches. */
export class ApplicationsChart extends Chart {
  constructor(
    scope: Construct,
    private readonly context: ChartContext,
  ) {
    super(scope, 'applications', { disableResourceNameHashes: true });
    this.defineNamespace();
    denyByDefault(this, APPLICATION_NAMESPACE);
    this.defineLimits();
    this.defineAlerts();
    this.defineSwitches();
    if (context.platform.secrets === 'aws-secrets-manager') handOverLogins(this, context);
  }

  private defineNamespace(): void {
    const needed = new Set(this.context.environment.workloads.flatMap(({ needs }) => needs));
    new KubeNamespace(this, 'namespace', {
      metadata: {
        name: APPLICATION_NAMESPACE,
        labels: {
          'pod-security.kubernetes.io/enforce': LEVEL,
          'pod-security.kubernetes.io/warn': LEVEL,
          'pod-security.kubernetes.io/audit': LEVEL,
          ...(needed.has('database') ? DATABASE_CLIENT_LABEL : {}),
          ...(needed.has('cache') ? CACHE_CLIENT_LABEL : {}),
        },
      },
    });
  }

  private get ownLabels(): Record<string, string> {
    return { 'app.kubernetes.io/instance': this.context.environment.name };
  }

  private defineLimits(): void {
    const { environment } = this.context;
    if (environment.edge === null) return;
    const data = { [LIMITS_CONFIG.key]: renderLimits(environment.edge, environment) };
    new KubeConfigMap(this, 'limits', { metadata: inApplications(LIMITS_CONFIG.name, this.ownLabels), data });
  }

  /** For whichever Prometheus watches this cluster: it mounts this, or a sidecar finds it by its label. */
  private defineAlerts(): void {
    const { environment } = this.context;
    const labels = { ...this.ownLabels, 'holdfast.dev/prometheus-rules': 'true' };
    new KubeConfigMap(this, 'alerts', { metadata: inApplications('alert-rules', labels), data: { [ALERT_RULES_FILE]: alertRulesFile(environment) } });
  }

  /** Without content: what is in it is changed by commands, and applying this chart again must not take it back. No file: everything is off. */
  private defineSwitches(): void {
    new KubeConfigMap(this, 'switches', { metadata: inApplications(SWITCHES_CONFIG.name, this.ownLabels) });
  }
}
