/** `holdfast region`: which region is primary, and how that is changed. */
import type { Command } from 'commander';
import { isInside, runInside } from '../../lab/inside';
import { openRegions, type LabRegions } from '../../lab/regions/ports';
import { labRegions, type LabSettings } from '../../lab/settings';
import { environmentOfLab } from '../../lab/state';
import { carryOut, StepError } from '../../lib/failover/carry-out';
import { fenceOf, lagOf, leaderOf, primaryOf, type RegionSight } from '../../lib/failover/region-observation';
import { planDrain, planFence, planPromote, planRejoin, planSwitchover, type RegionPlan, type RegionStep } from '../../lib/failover/region-plan';
import { claimsPrimary } from '../../lib/failover/region-role';
import { EXIT, ExpectedError, UsageError } from '../exit';
import { settingsOf } from '../prepare-lab';
import { NotUpError, progressLine } from './lab';

interface Options {
  readonly lab: string;
  readonly plan?: boolean;
  readonly json?: boolean;
  readonly isolate?: boolean;
}

type Primitive = 'drain' | 'fence' | 'promote' | 'rejoin' | 'switchover';

/** A planned change does not begin while the target is further behind than this. */
const MAX_LAG_BYTES = 16 * 1024 * 1024;

const PLANS: Readonly<Record<Primitive, (sights: readonly RegionSight[], region: string, options: Options) => RegionPlan>> = {
  drain: planDrain,
  fence: (sights, region, options) => planFence(sights, region, options.isolate === true),
  promote: planPromote,
  rejoin: planRejoin,
  switchover: (sights, region) => planSwitchover(sights, region, MAX_LAG_BYTES),
};

export const describeStep = (step: RegionStep): string => {
  switch (step.kind) {
    case 'drain':
      return `${step.region}: new transactions become read-only`;
    case 'prepare':
      return `${step.region}: a checkpoint while clients are served, and ${step.target} replays up to it`;
    case 'demote':
      return `${step.region}: its primary ends, and becomes a standby of ${step.target} (epoch ${step.epoch})`;
    case 'isolate':
      return `${step.region}: the network lets nothing in or out`;
    case 'confirm-fence':
      return `${step.region}: evidence that it takes no writes`;
    case 'await-everything':
      return `${step.target} has received the log of ${step.region} to its end`;
    case 'promote':
      return `${step.region} becomes the primary region (epoch ${step.epoch})`;
    case 'await-primary':
      return `${step.region} has a primary that runs`;
    case 'await-members':
      return `${step.region}: its members answer`;
    case 'await-standby':
      return `${step.region} follows ${step.primary}, whole; a member that is stuck is built anew`;
  }
};

/** Also while one region's machines are off: that is when these commands are needed. */
const labOf = (name: string): LabSettings => {
  if (environmentOfLab(name) === undefined)
    throw new NotUpError(`lab "${name}" is not running; start it with \`holdfast lab up --environment lab-regions --lab ${name}\``);
  const lab = settingsOf(name);
  if (lab.environment.regions.length < 2)
    throw new UsageError(
      `lab "${name}" runs environment "${lab.environment.name}", which has one region; allowed: one with a standby region, lab-regions, lab-regions-cache or lab-failover`,
    );
  return lab;
};

/** By name or role, as the model has it. */
const regionNamed = (lab: LabSettings, given: string): string => {
  const regions = labRegions(lab).map((r) => r.region);
  const found = regions.find((r) => r.name === given || r.role === given);
  if (found === undefined)
    throw new UsageError(
      `region: given "${given}"; allowed: ${regions.map((r) => r.name).join(', ')}, or ${regions.map((r) => r.role).join(', ')} by its role in the model`,
    );
  return found.name;
};

const inside = (lab: LabSettings, args: readonly string[], options: Options): Promise<number> =>
  runInside(lab, [
    'region',
    ...args,
    '--lab',
    lab.name,
    ...(['plan', 'json', 'isolate'] as const).flatMap((flag) => (options[flag] === true ? [`--${flag}`] : [])),
  ]);

const withRegions = async <T>(lab: LabSettings, report: (line: string) => void, work: (regions: LabRegions) => Promise<T>): Promise<T> => {
  const regions = await openRegions(lab, report);
  try {
    return await work(regions);
  } finally {
    regions.close();
  }
};

const statusOf = (sights: readonly RegionSight[]): object => {
  const primary = primaryOf(sights);
  return {
    primary: primary?.name ?? null,
    regions: sights.map((sight) => ({
      region: sight.name,
      role: sight.role === undefined ? 'unknown' : claimsPrimary(sight.role) ? 'primary' : sight.role.initialized ? 'standby' : 'new',
      epoch: sight.role?.epoch ?? null,
      leader: leaderOf(sight)?.name ?? null,
      members: sight.members.map(({ name, role, state, timeline }) => ({ name, role, state, timeline: timeline ?? null })),
      fence: fenceOf(sight) ?? null,
      lag: sight === primary ? null : lagOf(sight, primary),
    })),
  };
};

const figure = (value: number | null, unit: string, digits = 0): string => (value === null ? `unknown ${unit}` : `${value.toFixed(digits)} ${unit}`);

const statusText = (sights: readonly RegionSight[]): string => {
  const primary = primaryOf(sights);
  return sights
    .map((sight) => {
      const lag = lagOf(sight, primary);
      const role = sight.role === undefined ? 'does not answer' : claimsPrimary(sight.role) ? 'primary' : `follows ${sight.role.primary ?? '?'}`;
      const behind = sight === primary ? '' : `, behind by ${figure(lag.bytes, 'bytes')}, ${figure(lag.seconds, 's', 1)}`;
      const fence = fenceOf(sight);
      return `${sight.name.padEnd(14)} ${role}, epoch ${sight.role?.epoch ?? '?'}, leader ${leaderOf(sight)?.name ?? 'none'}, ${sight.members.length} of ${sight.expectedMembers} members${behind}${fence === undefined ? '' : `; fenced: ${fence.detail}`}\n`;
    })
    .join('');
};

const status = async (options: Options): Promise<number> => {
  const lab = labOf(options.lab);
  if (!isInside(lab)) return inside(lab, ['status'], options);
  return withRegions(
    lab,
    () => undefined,
    async ({ observeAll }) => {
      const sights = await observeAll();
      process.stdout.write(options.json === true ? `${JSON.stringify(statusOf(sights), null, 2)}\n` : statusText(sights));
      return primaryOf(sights) === undefined ? EXIT.failed : EXIT.ok;
    },
  );
};

/** With a lease the right to write moves first, and its store refuses whoever was promoted without it. Rejoining takes nothing from anybody. */
const refuseBesideLease = (lab: LabSettings, primitive: Primitive, region: string): void => {
  if (lab.environment.failover === null || primitive === 'rejoin') return;
  throw new UsageError(
    `region ${primitive}: given environment "${lab.environment.name}", whose regions hold a lease (failover); ` +
      `allowed: workflows that move it, because a region that is promoted without the lease takes no commits; fix: holdfast failover ${region}, or holdfast failback ${region}`,
  );
};

const perform = async (primitive: Primitive, given: string, options: Options): Promise<number> => {
  const lab = labOf(options.lab);
  const region = regionNamed(lab, given);
  if (options.plan !== true) refuseBesideLease(lab, primitive, region);
  if (!isInside(lab)) return inside(lab, [primitive, region], options);
  const report = progressLine();
  return withRegions(lab, report, async ({ observeAll, ports }) => {
    const plan = PLANS[primitive](await observeAll(), region, options);
    if (plan.kind === 'refused') throw new ExpectedError(`region ${primitive} ${region}: refused: ${plan.because}`, EXIT.failed);
    if (options.plan === true) return show(plan.steps, options);
    for (const step of plan.steps) {
      report(describeStep(step));
      try {
        await carryOut(ports, step);
      } catch (error) {
        throw error instanceof StepError ? new ExpectedError(error.message, EXIT.failed) : error;
      }
    }
    if (options.json === true) process.stdout.write(`${JSON.stringify({ done: plan.steps, ...statusOf(await observeAll()) }, null, 2)}\n`);
    else report(plan.steps.length === 0 ? 'nothing to do' : 'done');
    return EXIT.ok;
  });
};

const show = (steps: readonly RegionStep[], options: Options): number => {
  if (options.json === true) process.stdout.write(`${JSON.stringify({ steps }, null, 2)}\n`);
  else process.stdout.write(steps.length === 0 ? 'nothing to do\n' : steps.map((step, i) => `${i + 1}. ${describeStep(step)}\n`).join(''));
  return EXIT.ok;
};

const DESCRIPTIONS: Readonly<Record<Primitive, string>> = {
  drain: 'make new transactions of a region read-only (a courtesy to clients, no fence)',
  fence: 'make sure that a region takes no writes: demote it, or cut its network when it does not answer',
  promote: 'make a standby region the primary one; refused unless the other is known to take no writes',
  rejoin: 'make a region that was primary the standby of the one that is now',
  switchover: 'hand over to a standby region, losing nothing: drain, fence, promote, rejoin',
};

export const registerRegion = (program: Command): void => {
  const region = program.command('region').description('which region is primary, and how that is changed');
  const common = (command: Command): Command => command.option('--lab <name>', 'which lab', 'lab').option('--json', 'as JSON on standard output');
  common(region.command('status').description('roles, epochs, lag in bytes and seconds, fences')).action(
    async (o: Options) => void (process.exitCode = await status(o)),
  );
  for (const primitive of Object.keys(DESCRIPTIONS) as Primitive[]) {
    const command = common(region.command(primitive).argument('<region>', 'name, or role in the model').description(DESCRIPTIONS[primitive])).option(
      '--plan',
      'show the steps that are left, and do nothing',
    );
    if (primitive === 'fence') command.option('--isolate', 'cut the network, even if it answers');
    command.addHelpText(
      'after',
      '\nCan be repeated, and taken up again after an interruption: steps that are done are left out.\nExit codes: 0 done, 1 refused or not in time, 2 usage, 5 no lab',
    );
    command.action(async (name: string, o: Options) => void (process.exitCode = await perform(primitive, name, o)));
  }
};
