import { join } from 'node:path';
import { type Command } from 'commander';
import { sleep } from '../../lab/exec';
import { isInside, runInside } from '../../lab/inside';
import { adminKubeconfig } from '../../lab/kubernetes/control-plane';
import { canComeBack } from '../../lab/machines';
import { readState } from '../../lab/state';
import type { RegionSeen } from '../../lib/operations/recovery/observation';
import { decide, type Policy } from '../../lib/operations/recovery/plan';
import { describeStep } from '../../lib/operations/recovery/progress';
import { tierState } from '../../lib/operations/recovery/state';
import { tiersOf, type Tier } from '../../lib/operations/recovery/tiers';
import { defineEnvironment } from '../../lib/topology/define';
import { homeRegion } from '../../lib/topology/derive';
import type { Environment, Region } from '../../lib/topology/types';
import { inputNamed } from '../environments';
import { EXIT, UsageError } from '../exit';
import { settingsOf } from '../prepare-lab';
import { kubectlCluster } from '../recovery/cluster';
import { look } from '../recovery/observe';
import { carryOut, labSwitches, NO_SWITCHES, type Switches } from '../recovery/ports';
import { recover, type RecoveryReport } from '../recovery/recover';
import { columns, print, printJson } from '../terminal';
import { NotUpError, progressLine } from './lab';

interface RecoverOptions {
  readonly lab?: string;
  readonly region?: string;
  readonly plan?: boolean;
  readonly json?: boolean;
  readonly within: number;
  readonly kubeconfig?: string;
  readonly kubectl: string;
  readonly machinesAreOff?: boolean;
  readonly otherRegionsFenced?: boolean;
}

interface Target {
  readonly environment: Environment;
  readonly region: Region;
  readonly kubectl: string;
  readonly kubeconfig: string | undefined;
  readonly switches: Switches;
  /** Whether `switches` can start anything. */
  readonly startsMachines: boolean;
}

/** Only the home region has a primary to bring back. */
const regionNamed = (environment: Environment, name: string | undefined): Region => {
  const home = homeRegion(environment);
  if (name === undefined || name === home.name) return home;
  const other = environment.regions.find((region) => region.name === name);
  if (other === undefined) {
    throw new UsageError(`${environment.name} has no region "${name}"; it has ${environment.regions.map((region) => region.name).join(', ')}`);
  }
  throw new UsageError(`${name} is a standby region: it follows the home region by itself once that is back; recover brings back ${home.name}`);
};

/** In a region that others may have replaced, a database that starts as it was is a second primary. */
const primaryForbidden = (environment: Environment, region: Region, fenced: boolean): string | null => {
  const others = environment.regions.filter(({ name }) => name !== region.name).map(({ name }) => name);
  if (others.length === 0 || fenced) return null;
  return (
    `whether ${others.join(' or ')} has been promoted meanwhile is not known here, and there must never be two primaries: PostgreSQL of ${region.name} is held, ` +
    'everything it needs runs. If no other region was promoted, go on with --other-regions-fenced; otherwise this region has to come back as a standby'
  );
};

const awsTarget = (name: string | undefined, options: RecoverOptions): Target => {
  if (name === undefined) throw new UsageError('say what to recover: an environment (holdfast recover production), or a lab (holdfast recover --lab lab)');
  const environment = defineEnvironment(inputNamed(name));
  const region = regionNamed(environment, options.region);
  return { environment, region, kubectl: options.kubectl, kubeconfig: options.kubeconfig, switches: NO_SWITCHES, startsMachines: false };
};

const labTarget = async (name: string, options: RecoverOptions): Promise<Target> => {
  const lab = settingsOf(name);
  const { binaries } = await readState(lab);
  return {
    environment: lab.environment,
    region: regionNamed(lab.environment, options.region),
    kubectl: join(binaries, 'kubectl'),
    kubeconfig: adminKubeconfig(lab),
    switches: labSwitches(lab),
    startsMachines: true,
  };
};

const stateText = (tiers: readonly Tier[], region: Region, seen: RegionSeen): readonly (readonly string[])[] =>
  tiers.map((tier) => {
    const { whole, enough, missing } = tierState(tier, region, seen);
    return [tier.id, whole ? 'whole' : enough ? 'serves' : 'down', missing.join('; ')];
  });

const showPlan = (tiers: readonly Tier[], region: Region, seen: RegionSeen, policy: Policy, json: boolean): number => {
  const decision = decide(tiers, region, seen, policy);
  const next = decision.kind === 'act' ? decision.steps.map(describeStep) : [];
  if (json) {
    const order = stateText(tiers, region, seen).map(([stage, state, missing]) => ({ stage, state, missing }));
    printJson({ region: region.name, order, decision: decision.kind, next });
  } else {
    print(columns([['stage', 'state', 'missing'], ...(seen.controlPlane === 'down' ? [] : stateText(tiers, region, seen))]).join('\n'));
    if (seen.controlPlane === 'down') print(`the Kubernetes API does not answer; after it: ${tiers.map(({ id }) => id).join(', ')}`);
    print(decision.kind === 'whole' ? 'there is nothing to do' : `next: ${next.length > 0 ? next.join('; ') : decision.kind}`);
  }
  return EXIT.ok;
};

const showReport = (region: Region, report: RecoveryReport, json: boolean): number => {
  if (json) printJson({ region: region.name, ...report });
  else {
    for (const { stage, verifiedAt, steps } of report.stages) if (steps.length > 0) print(`${`${verifiedAt.toFixed(1)} s`.padStart(8)}  ${stage} serves`);
    const rest = report.missing.length === 0 ? '' : `: ${report.missing.join('; ')}`;
    print(
      report.outcome === 'nothing to do'
        ? `${region.name} is whole: there is nothing to do`
        : `${region.name}: ${report.outcome} after ${report.seconds.toFixed(1)} s${rest}`,
    );
  }
  return report.outcome === 'whole' || report.outcome === 'nothing to do' ? EXIT.ok : EXIT.failed;
};

const recoverTarget = async (target: Target, options: RecoverOptions): Promise<number> => {
  const { environment, region, switches, startsMachines } = target;
  const tiers = tiersOf(environment, region);
  const policy: Policy = { startsMachines, primaryForbidden: primaryForbidden(environment, region, options.otherRegionsFenced === true) };
  const cluster = kubectlCluster({
    program: target.kubectl,
    kubeconfig: target.kubeconfig,
    rollouts: target.environment.workloads.length > 0,
  });
  const looking = { cluster, tiers, power: switches.power, silentMeansOff: options.machinesAreOff === true, region };
  if (options.plan === true) return showPlan(tiers, region, await look(looking), policy, options.json === true);
  const progress = progressLine();
  const report = await recover(
    { tiers, region, policy, withinSeconds: options.within },
    { look: () => look(looking), carryOut: carryOut({ cluster, switches, environment, progress }), clock: () => performance.now() / 1000, sleep, progress },
  );
  return showReport(region, report, options.json === true);
};

/** The lab's cluster is asked from inside its network. */
const recoverLab = async (name: string, options: RecoverOptions): Promise<number> => {
  const lab = settingsOf(name);
  if (!(await canComeBack(lab))) throw new NotUpError(`lab "${name}" was not up: there is nothing to bring back; start it with \`holdfast lab up\``);
  if (isInside(lab)) return recoverTarget(await labTarget(name, options), options);
  const flags = [
    ...(options.plan === true ? ['--plan'] : []),
    ...(options.json === true ? ['--json'] : []),
    ...(options.otherRegionsFenced === true ? ['--other-regions-fenced'] : []),
  ];
  const region = options.region === undefined ? [] : ['--region', options.region];
  return runInside(lab, ['recover', '--lab', name, '--within', String(options.within), ...region, ...flags]);
};

const seconds = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`--within: given "${text}"; allowed: whole seconds, 1 or more; fix: for example --within 600`);
  return value;
};

const EXPLANATION = `
Brings a region back that is off, in the order that follows from what needs what, and verifies each stage before the next. What runs is left alone, so it can be
interrupted and started again; in a region that is whole it does nothing. Without --lab it works through the Kubernetes API alone and waits for machines.

Examples:
  holdfast recover --lab lab
  holdfast recover production --kubeconfig eu-central-1.kubeconfig --plan
Exit codes: 0 whole, 1 not whole in time or refused, 2 usage, 5 no lab`;

export const registerRecover = (program: Command): void => {
  program
    .command('recover')
    .argument('[environment]', 'which environment; not with --lab')
    .description('bring a totally stopped region back, stage by stage')
    .option('--lab <name>', 'a lab, whose machines and control plane it starts as well')
    .option('--region <name>', 'the region (default: the home region)')
    .option('--plan', 'show what is missing and what would be done next; change nothing')
    .option('--json', 'as JSON')
    .option('--within <seconds>', 'give up after so long', seconds, 1800)
    .option('--kubeconfig <file>', "of the region's cluster (default: kubectl's own)")
    .option('--kubectl <program>', 'the kubectl to use', 'kubectl')
    .option('--machines-are-off', 'confirm that machines that say nothing are switched off: their workloads are held and their pods removed')
    .option('--other-regions-fenced', 'confirm that no other region has a primary or can get one')
    .addHelpText('after', EXPLANATION)
    .action(async (environment: string | undefined, options: RecoverOptions) => {
      if (environment !== undefined && options.lab !== undefined) throw new UsageError('give an environment or --lab, not both');
      process.exitCode = options.lab === undefined ? await recoverTarget(awsTarget(environment, options), options) : await recoverLab(options.lab, options);
    });
};
