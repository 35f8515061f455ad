import type { TopologySpreadConstraint } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Region } from '../lib/topology/types';
import { type Component, selectorOf, ZONE_LABEL } from './names';

/**
 * Evenly over the zones, always: one zone never holds a majority.
 *
 * `minDomains`: while a zone has no node yet (a node group still starting), pods wait for it instead of binding their volumes in another zone.
 * `nodeTaintsPolicy: Ignore`: a zone whose nodes are dead still counts. Its pods wait for its return; moved elsewhere they would crowd one zone, and nothing moves
 * them back.
 */
export const overZones = (component: Component, region: Region, matchLabelKeys?: string[]): TopologySpreadConstraint => ({
  topologyKey: ZONE_LABEL,
  maxSkew: 1,
  minDomains: region.zones.length,
  whenUnsatisfiable: 'DoNotSchedule',
  nodeTaintsPolicy: 'Ignore',
  labelSelector: { matchLabels: selectorOf(component) },
  ...(matchLabelKeys === undefined ? {} : { matchLabelKeys }),
});

/** Several in one zone: on different nodes where there are any. */
export const overNodes = (component: Component): TopologySpreadConstraint => ({
  topologyKey: 'kubernetes.io/hostname',
  maxSkew: 1,
  whenUnsatisfiable: 'ScheduleAnyway',
  labelSelector: { matchLabels: selectorOf(component) },
});
