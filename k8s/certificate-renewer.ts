/** What renews the public certificate that the gateway serves: certbot, driven by an agent of ours, or cert-manager's objects. */
import { ApiObject } from 'cdk8s';
import { type EnvVar, IntOrString, KubeConfigMap, KubeDeployment, type Volume, type VolumeMount } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import {
  ACME_ACCOUNT_SECRET,
  ACME_TRUST_CONFIG_MAP,
  ACME_TRUST_DIR,
  configText,
  GATEWAY_TLS_SECRET,
  PREVIOUS_TLS_SECRET,
  RENEWER,
  RENEWER_CONFIG_DIR,
  RENEWER_PORT,
  RENEWER_WORK_DIR,
  renewerConfig,
} from '../lib/services/certificates';
import type { Acme } from '../lib/topology/types';
import { mebibytes, millicores } from '../lib/topology/units';
import { ControllerChart, kubernetesApi } from './controller-chart';
import { type ChartContext, containerPorts } from './data-chart';
import { APPLICATION_NAMESPACE, MONITORING_LABEL, selectorOf } from './names';
import { addressesOf, allowTraffic, namespacesWith, podIdentityAgent } from './network-policies';
import { configurationHash, configVolume, container, leaveDeadNodeAfter, memoryVolume, podDefaults, readOnly, resources } from './pods';

/** Of ACME directories and of Route 53; a lab's directory has a port of its own. */
const HTTPS = 443;
const portOf = (url: string): number => Number(new URL(url).port || HTTPS);
/** What is left of its life is in days: there is no hurry, and another one may still be at work. */
const REPLACED_AFTER_SECONDS = 60;

const ACME_ISSUER = 'gateway-acme';

const hoursOf = (seconds: number): string => `${Math.max(1, Math.round(seconds / 3600))}h0m0s`;

export class CertificateRenewerChart extends ControllerChart {
  constructor(
    scope: Construct,
    context: ChartContext,
    private readonly acme: Acme,
  ) {
    super(scope, RENEWER, APPLICATION_NAMESPACE, context);
    if (acme.client === 'cert-manager') this.requestCertificate();
    else this.defineRenewer();
  }

  /** cert-manager's own controllers do the rest; nothing of it is drilled here (ADR 0851). */
  private requestCertificate(): void {
    const { contact, directory, names, lifetime, renewBefore } = this.acme;
    const { environment, region } = this.context;
    const solver = { dns01: { route53: { region: region.name, hostedZoneID: environment.dns?.zoneId } } };
    // Not of a namespace: for those the controller does not use its own role.
    new ApiObject(this, 'issuer', {
      apiVersion: 'cert-manager.io/v1',
      kind: 'ClusterIssuer',
      metadata: { name: ACME_ISSUER, labels: this.podLabels },
      spec: { acme: { server: directory, email: contact, privateKeySecretRef: { name: ACME_ACCOUNT_SECRET }, solvers: [solver] } },
    });
    new ApiObject(this, 'certificate', {
      apiVersion: 'cert-manager.io/v1',
      kind: 'Certificate',
      metadata: this.metadataIn(APPLICATION_NAMESPACE, GATEWAY_TLS_SECRET),
      spec: {
        secretName: GATEWAY_TLS_SECRET,
        dnsNames: [...names],
        duration: hoursOf(lifetime),
        renewBefore: hoursOf(renewBefore),
        privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
        usages: ['digital signature', 'server auth'],
        issuerRef: { name: ACME_ISSUER, kind: 'ClusterIssuer' },
      },
    });
  }

  private defineRenewer(): void {
    const { environment, platform } = this.context;
    const trust = platform.acme.kind;
    const topic = platform.acme.kind === 'public' ? platform.acme.topic : null;
    const configuration = { [`${RENEWER}.json`]: configText(renewerConfig(environment, this.acme, trust, topic)) };
    new KubeConfigMap(this, 'configuration', { metadata: this.metadata, data: configuration });
    this.defineAccount();
    this.defineRights();
    this.defineOne(configuration);
    allowTraffic(
      this,
      RENEWER,
      [{ peer: namespacesWith(MONITORING_LABEL), ports: [RENEWER_PORT] }],
      [kubernetesApi, podIdentityAgent, { peer: addressesOf('0.0.0.0/0'), ports: [...new Set([HTTPS, portOf(this.acme.directory)])] }],
      APPLICATION_NAMESPACE,
    );
  }

  /** It may read and change three Secrets, and make new ones: it can read no other. */
  private defineRights(): void {
    this.allowIn(APPLICATION_NAMESPACE, [
      { apiGroups: [''], resources: ['secrets'], resourceNames: [GATEWAY_TLS_SECRET, PREVIOUS_TLS_SECRET, ACME_ACCOUNT_SECRET], verbs: ['get', 'patch'] },
      // A name can't be required of what does not exist yet.
      { apiGroups: [''], resources: ['secrets', 'events'], verbs: ['create'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], resourceNames: [RENEWER], verbs: ['get', 'patch'] },
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    ]);
  }

  /** Variables and files by which a lab's authorities are found; nothing on AWS. */
  private lab(): { readonly env: EnvVar[]; readonly volumes: Volume[]; readonly mounts: VolumeMount[] } {
    const { acme } = this.context.platform;
    if (acme.kind === 'public') return { env: [], volumes: [], mounts: [] };
    return {
      env: Object.entries(acme.environment).map(([name, value]) => ({ name, value })),
      volumes: [configVolume('trust', ACME_TRUST_CONFIG_MAP)],
      mounts: [readOnly('trust', ACME_TRUST_DIR)],
    };
  }

  /** One: what it works on has a day's patience, and the Lease keeps a second one, while it is replaced, from working. */
  private defineOne(configuration: Readonly<Record<string, string>>): void {
    const { platform } = this.context;
    const { env, volumes, mounts } = this.lab();
    const probe = { httpGet: { path: '/health', port: IntOrString.fromNumber(RENEWER_PORT) }, periodSeconds: 10, timeoutSeconds: 3 };
    new KubeDeployment(this, 'deployment', {
      metadata: this.metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: selectorOf(RENEWER) },
        template: {
          metadata: { labels: this.podLabels, annotations: configurationHash(configuration) },
          spec: {
            ...podDefaults,
            automountServiceAccountToken: true,
            serviceAccountName: RENEWER,
            terminationGracePeriodSeconds: 15,
            tolerations: leaveDeadNodeAfter(REPLACED_AFTER_SECONDS),
            containers: [
              container({
                name: RENEWER,
                image: platform.images.acme ?? missingImage(),
                imagePullPolicy: platform.imagePullPolicy,
                command: ['node', '--max-old-space-size=64', '/opt/holdfast/certificate-renewer.js'],
                env,
                ports: containerPorts({ metrics: RENEWER_PORT }),
                resources: resources({ cpu: millicores(20), memory: mebibytes(256), cpuLimit: millicores(1000) }),
                readinessProbe: probe,
                livenessProbe: { ...probe, initialDelaySeconds: 30, failureThreshold: 3 },
                volumeMounts: [
                  readOnly('configuration', RENEWER_CONFIG_DIR),
                  { name: 'work', mountPath: RENEWER_WORK_DIR },
                  { name: 'tmp', mountPath: '/tmp' },
                  ...mounts,
                ],
              }),
            ],
            // Private keys are on no disk.
            volumes: [configVolume('configuration', RENEWER), memoryVolume('work', 16), memoryVolume('tmp', 16), ...volumes],
          },
        },
      },
    });
  }
}

const missingImage = (): never => {
  throw new Error('the platform has no image "acme", which renews certificates');
};
