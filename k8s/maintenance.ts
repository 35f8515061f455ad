import { type Container, KubeCronJob, type PodSpec } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { maintenanceConfig, scheduleOf } from '../lib/services/maintenance';
import { MAINTENANCE_CONFIG_DIR, TLS_DIRS } from '../lib/services/paths';
import { POSTGRES_PORT } from '../lib/topology/derive';
import { maintenanceTasks, type MaintenanceTask } from '../lib/topology/maintenance';
import { mebibytes, millicores } from '../lib/topology/units';
import { requestMaintenanceCertificate } from './certificates';
import { type ChartContext, DataChart } from './data-chart';
import { TLS_SECRETS } from './names';
import { allowTraffic, podsOf } from './network-policies';
import { configurationHash, configVolume, container, podDefaults, readOnly, resources, tlsVolume } from './pods';
import { ONE_AT_A_TIME } from './schedule';

const NAME = 'maintenance';
/** The run ends itself at its time limit; a pod that does not is ended. */
const BEYOND_TIME_LIMIT_SECONDS = 300;
/** A failed run is tried again so often; what it had done stays done. */
const RETRIES = 2;
const KEEP_FINISHED_SECONDS = 7 * 24 * 3600;

/** One CronJob per task. Runs of a task never overlap; those of different tasks work on different tables. */
export class MaintenanceChart extends DataChart {
  private readonly configuration: Record<string, string>;

  constructor(scope: Construct, context: ChartContext) {
    super(scope, NAME, NAME, context);
    const { environment, region } = context;
    const tasks = maintenanceTasks(environment.maintenance);
    this.configuration = Object.fromEntries(tasks.map((task) => [fileOf(task), `${JSON.stringify(maintenanceConfig(environment, region, task), null, 2)}\n`]));
    this.configMap(NAME, this.configuration);
    for (const task of tasks) this.defineTask(task);
    allowTraffic(this, NAME, [], [{ peer: podsOf('postgres'), ports: [POSTGRES_PORT] }]);
    if (context.platform.certificates === 'cert-manager') requestMaintenanceCertificate(this, context);
  }

  private defineTask(task: MaintenanceTask): void {
    const { maintenance } = this.context.environment;
    new KubeCronJob(this, task.name, {
      metadata: this.metadata(`${NAME}-${task.name}`),
      spec: {
        schedule: scheduleOf(this.context.environment, task.name),
        ...ONE_AT_A_TIME,
        failedJobsHistoryLimit: 5,
        jobTemplate: {
          metadata: { labels: this.podLabels },
          spec: {
            backoffLimit: RETRIES,
            activeDeadlineSeconds: maintenance.timeLimit + BEYOND_TIME_LIMIT_SECONDS,
            ttlSecondsAfterFinished: KEEP_FINISHED_SECONDS,
            template: { metadata: { labels: this.podLabels, annotations: configurationHash(this.configuration) }, spec: this.podSpec(task) },
          },
        },
      },
    });
  }

  private podSpec(task: MaintenanceTask): PodSpec {
    return {
      ...podDefaults,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 30,
      containers: [this.agent(task)],
      volumes: [configVolume('configuration', NAME), tlsVolume('maintenance-tls', TLS_SECRETS.maintenance)],
    };
  }

  private agent(task: MaintenanceTask): Container {
    const { platform } = this.context;
    return container({
      name: NAME,
      image: platform.images.agent,
      imagePullPolicy: platform.imagePullPolicy,
      command: ['node', '--max-old-space-size=48', '/opt/holdfast/maintenance.js', `${MAINTENANCE_CONFIG_DIR}/${fileOf(task)}`],
      resources: resources({ cpu: millicores(50), memory: mebibytes(128), cpuLimit: millicores(500) }),
      volumeMounts: [readOnly('configuration', MAINTENANCE_CONFIG_DIR), readOnly('maintenance-tls', TLS_DIRS.maintenance)],
    });
  }
}

const fileOf = (task: MaintenanceTask): string => `${task.name}.json`;
