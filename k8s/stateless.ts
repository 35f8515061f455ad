/** What Deployments have in common: any pod does as well as another, and no rollout lowers their number. */
import { type DeploymentStrategy, IntOrString, type PodSpec } from 'cdk8s-plus-27/lib/imports/k8s';
import type { Region } from '../lib/topology/types';
import type { Component } from './names';
import { leaveDeadNodeAfter } from './pods';
import { overNodes, overZones } from './spread';

/** A pod on a node that is marked dead is replaced after so long. */
const LEAVE_DEAD_NODE_AFTER_SECONDS = 10;

export const ROLLOUT: DeploymentStrategy = {
  type: 'RollingUpdate',
  rollingUpdate: { maxSurge: IntOrString.fromNumber(1), maxUnavailable: IntOrString.fromNumber(0) },
};

/** Where the pods go. Spread among those of their own version, so that a rollout ends as even as it began. */
export const anywhere = (name: Component, region: Region): Pick<PodSpec, 'topologySpreadConstraints' | 'tolerations'> => ({
  topologySpreadConstraints: [overZones(name, region, ['pod-template-hash']), overNodes(name)],
  tolerations: leaveDeadNodeAfter(LEAVE_DEAD_NODE_AFTER_SECONDS),
});
