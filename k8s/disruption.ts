import { IntOrString, KubePodDisruptionBudget } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Construct } from 'constructs';
import { type Component, NAMESPACE, selectorOf } from './names';

/** One at a time; a pod that isn't ready anyway may always be evicted, or a broken one would block every drain. */
export const disruptOneAtATime = (scope: Construct, component: Component, namespace: string = NAMESPACE): void => {
  new KubePodDisruptionBudget(scope, 'disruption-budget', {
    metadata: { name: component, namespace },
    spec: { maxUnavailable: IntOrString.fromNumber(1), unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels: selectorOf(component) } },
  });
};
