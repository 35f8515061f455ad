import { Chart } from 'cdk8s';
import { KubeNamespace, KubePriorityClass, KubeStorageClass } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import type { ChartContext } from './data-chart';
import { defineSystemNamespace } from './controllers';
import { defineRepositoryAccess } from './backup';
import { defineClusterDns } from './dns';
import { NAMESPACE, PRIORITY_CLASS, STORAGE_CLASS } from './names';
import { denyByDefault } from './network-policies';
import { issueOwnCertificates } from './certificates';
import { readSecretsManager } from './secrets';

/** What the other charts stand on: namespace, priority, storage, cluster DNS, and where certificates and passwords come from. */
export class ClusterChart extends Chart {
  constructor(
    scope: Construct,
    private readonly context: ChartContext,
  ) {
    super(scope, 'cluster', { disableResourceNameHashes: true });
    this.defineNamespace();
    defineSystemNamespace(this, context);
    this.definePriority();
    this.defineStorage();
    defineClusterDns(this, context);
    denyByDefault(this);
    defineRepositoryAccess(this, context);
    if (context.platform.certificates === 'cert-manager') issueOwnCertificates(this, context);
    if (context.platform.secrets === 'aws-secrets-manager') readSecretsManager(this, context.region);
  }

  private defineNamespace(): void {
    const level = 'restricted';
    new KubeNamespace(this, 'namespace', {
      metadata: {
        name: NAMESPACE,
        labels: {
          'pod-security.kubernetes.io/enforce': level,
          'pod-security.kubernetes.io/warn': level,
          'pod-security.kubernetes.io/audit': level,
        },
      },
    });
  }

  private definePriority(): void {
    new KubePriorityClass(this, 'priority', {
      metadata: { name: PRIORITY_CLASS },
      value: 1_000_000,
      globalDefault: false,
      description: 'The database and what it needs: workloads make room for it, not the reverse.',
    });
  }

  private defineStorage(): void {
    const { platform, environment } = this.context;
    const common = {
      metadata: { name: STORAGE_CLASS },
      // A volume is made where its pod is scheduled, never the reverse.
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: environment.retainData ? 'Retain' : 'Delete',
    };
    if (platform.storage === 'local') {
      new KubeStorageClass(this, 'storage', { ...common, provisioner: 'kubernetes.io/no-provisioner' });
    } else {
      new KubeStorageClass(this, 'storage', {
        ...common,
        provisioner: 'ebs.csi.aws.com',
        parameters: { type: 'gp3', encrypted: 'true' },
        allowVolumeExpansion: true,
      });
    }
  }
}
