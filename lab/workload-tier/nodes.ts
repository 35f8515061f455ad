/** The drills application-node-dies and pod-loses-database: pods that leave rotation while others serve. */
import { unknown, type Finding } from '../../lib/drill/verdict';
import { WITHOUT_DATABASE_SECONDS, WORKLOAD_CONSTANTS } from '../../lib/topology/budget/constants-workloads';
import { OUT_OF_ROTATION, outOfRotationSeconds } from '../../lib/topology/gateway';
import type { Procedure } from '../drill/procedures/procedure';
import { NotSteadyError } from '../drill/run';
import { cutPodFrom, loseNode } from '../faults/primitives';
import { locateMembers } from '../database';
import { addressesOf, podsOf } from '../health';
import { now } from '../meter/clock';
import type { NodeSettings } from '../settings';
import { areServed } from './meters';
import { judged, within } from './outcome';
import { gatewayPods, workloadPods, type PlacedPod } from './pods';
import { watchRotation, type Rotation } from './rotation';
import { holdUntil, pause, runWorkloadDrill, type WorkloadStage } from './stage';

/** A node that the database's primary is not on: its failover has drills of its own. Which one, the seed decides. */
const nodeToStrike = async ({ context: { lab, seed }, leader }: WorkloadStage): Promise<NodeSettings> => {
  const primary = (await locateMembers(lab)).find((m) => m.member === leader)?.node;
  const others = lab.nodes.filter((node) => node.name !== primary?.name);
  const node = others[seed % others.length];
  if (node === undefined) throw new NotSteadyError('the primary is on the only node');
  return node;
};

interface Struck {
  readonly node: NodeSettings;
  readonly pods: readonly PlacedPod[];
  /** Watches the gateways that live on. */
  readonly rotation: Rotation;
}

const struckOn = async (stage: WorkloadStage, node: NodeSettings): Promise<Struck> => {
  const { lab, api } = stage.context;
  const pods = (await workloadPods(lab, api, stage.workload)).filter((p) => p.node.name === node.name);
  if (pods.length === 0) throw new NotSteadyError(`no pod of ${stage.workload.name} is on ${node.name}`);
  const gateways = (await gatewayPods(lab, api)).filter((g) => g.node.name !== node.name);
  return {
    node,
    pods,
    rotation: watchRotation(
      gateways.map((g) => g.address),
      pods.map((p) => p.address),
    ),
  };
};

const rotationFinding = (out: number | null | undefined, allowed: number, what: string): Finding =>
  out === undefined ? unknown('out-of-rotation', 'the drill ended before the fault') : within('out-of-rotation', out, allowed, what);

const PATIENCE_SECONDS = 40;

export const applicationNodeDies: Procedure = async (context) => {
  const { lab, progress } = context;
  let out: number | null | undefined;
  const run = await runWorkloadDrill(context, async (stage) => {
    const { node, pods, rotation } = await struckOn(stage, await nodeToStrike(stage));
    const others = stage.meters.clients.filter((client) => client !== node.zone);
    try {
      const struckAt = now();
      progress(`${node.name} goes dark, with ${pods.map((p) => p.name).join(', ')}`);
      await loseNode(lab, node, 'cut-first');
      const gone = await holdUntil(stage, PATIENCE_SECONDS, () => Promise.resolve(rotation.outAt() !== null), 0.05);
      out = gone === null ? null : (rotation.outAt() ?? gone) - struckAt;
      await holdUntil(stage, PATIENCE_SECONDS, () => Promise.resolve(areServed(stage.meters, others, struckAt + 1, now())));
      await pause(stage, 3);
    } finally {
      await rotation.stop();
    }
    return { excluded: { [node.zone]: `it is on ${node.name}, which the fault strikes` } };
  });
  return judged(run, {
    findings: [rotationFinding(out, OUT_OF_ROTATION.withinCluster, 'every gateway that lives had the dead pod out of rotation')],
    extra: { outOfRotationSeconds: out ?? null },
  });
};

export const podLosesDatabase: Procedure = async (context) => {
  const { api, progress } = context;
  const found: { out?: number | null } = {};
  const run = await runWorkloadDrill(context, async (stage) => {
    const { node, pods, rotation } = await struckOn(stage, await nodeToStrike(stage));
    const poolers = addressesOf(await podsOf(api, 'pgbouncer'));
    try {
      const struckAt = now();
      progress(`${pods.map((p) => p.name).join(', ')} on ${node.name} can’t reach any pooler`);
      for (const pod of pods) await cutPodFrom(node, pod.address, poolers, 'drop');
      await pause(stage, WITHOUT_DATABASE_SECONDS);
      const outAt = rotation.outAt();
      found.out = outAt === null ? null : outAt - struckAt;
    } finally {
      await rotation.stop();
    }
    return {};
  });
  const allowed =
    WORKLOAD_CONSTANTS.databaseMissed.upper + WORKLOAD_CONSTANTS.partitionTold.upper + outOfRotationSeconds(context.lab.environment.gateway.check);
  return judged(run, {
    findings: [rotationFinding(found.out, allowed, 'every gateway had the pods without a database out of rotation')],
    extra: { outOfRotationSeconds: found.out ?? null },
  });
};
