import { Chart } from 'cdk8s';
import { IntOrString, KubeConfigMap, KubeService, type ServicePort } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import type { Environment, Region } from '../lib/topology/types';
import { type Component, labelsOf, NAMESPACE, selectorOf } from './names';
import type { Platform } from './platform';

/** What every chart is made from. */
export interface ChartContext {
  readonly environment: Environment;
  readonly region: Region;
  readonly platform: Platform;
}

/** A chart of one component in namespace `data`. */
export abstract class DataChart extends Chart {
  protected constructor(
    scope: Construct,
    protected readonly component: Component,
    id: string,
    protected readonly context: ChartContext,
  ) {
    super(scope, id, { disableResourceNameHashes: true });
  }

  protected get podLabels(): Record<string, string> {
    return labelsOf(this.component, this.context.environment);
  }

  protected metadata(name: string): { name: string; namespace: string; labels: Record<string, string> } {
    return { name, namespace: NAMESPACE, labels: this.podLabels };
  }

  protected configMap(name: string, data: Record<string, string>, id = 'configuration'): void {
    new KubeConfigMap(this, id, { metadata: this.metadata(name), data });
  }

  /** Gives each pod of a StatefulSet its name, also while it isn't ready: members must find each other before they can become ready. */
  protected headlessService(name: string, ports: Readonly<Record<string, number>>): void {
    new KubeService(this, 'members', {
      metadata: this.metadata(name),
      spec: { clusterIp: 'None', publishNotReadyAddresses: true, selector: selectorOf(this.component), ports: servicePorts(ports) },
    });
  }
}

export const servicePorts = (ports: Readonly<Record<string, number>>): ServicePort[] =>
  Object.entries(ports).map(([name, port]) => ({ name, port, protocol: 'TCP', targetPort: IntOrString.fromNumber(port) }));

export const containerPorts = (ports: Readonly<Record<string, number>>): { name: string; containerPort: number; protocol: string }[] =>
  Object.entries(ports).map(([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' }));
