/** The drills of regions. The primary region of the moment is the source: a series goes back and forth. */
import type { ProcedureOutcome } from '../../lib/drill/procedure-run';
import { highestEpoch, primaryOf, type RegionSight } from '../../lib/failover/region-observation';
import { planPromote, planRejoin, planSwitchover } from '../../lib/failover/region-plan';
import { DECISION_SECONDS, LINK_CUT_SECONDS, STANDBY_AWAY_SECONDS } from '../../lib/topology/budget/constants-regions';
import type { ProcedureContext } from '../drill/procedures';
import { until } from '../exec';
import { healEverything } from '../faults/heal';
import { cutLink } from '../hosts/wan';
import { now } from '../meter/clock';
import { runRegionDrill, type Told } from './outcome';
import { loseRegion } from './power';
import { collectReconciliation, reconciledRows } from './reconciliation';
import { awaitServed, awaitWhole, mark, pause, perform, type RegionStage } from './stage';

const NO_LAG_LIMIT = 64 * 1024 * 1024;
const names = (stage: RegionStage): { readonly source: string; readonly target: string } => ({
  source: stage.source.region.name,
  target: stage.target.region.name,
});
const everybody = ({ clients }: RegionStage): readonly string[] => [...clients.source, ...clients.target];
const deadline = (stage: RegionStage): number => stage.context.drill.healthyDeadlineSeconds;
const excludeAll = (clients: readonly string[], because: string): Told['excluded'] => clients.map((client) => ({ client, because }));

/** A look at which every member answered in time. */
const seenWhole = (stage: RegionStage): Promise<readonly RegionSight[]> =>
  until('an answer of every member', 30, async () => {
    const sights = await stage.regions.observeAll();
    return sights.every((s) => s.members.length === s.expectedMembers && s.role !== undefined) ? sights : undefined;
  });

export const switchover = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  runRegionDrill(context, async (stage) => {
    const { target } = names(stage);
    const at: Record<string, number> = {};
    const sights = await seenWhole(stage);
    const began = mark(stage, 'faultAt', 'switchover');
    await perform(stage, planSwitchover(sights, target, NO_LAG_LIMIT), (kind) => {
      at[kind] = now() - began;
      if (kind === 'await-standby') mark(stage, 'promoted');
    });
    await awaitServed(stage, everybody(stage), now());
    const wholeAfterSeconds = await awaitWhole(stage, began, deadline(stage));
    await pause(stage, 2);
    return { excluded: [], promotions: { min: 1, max: 1 }, wholeAfterSeconds, extra: { stepsAtSeconds: at } };
  });

/** The source's machines are off, and a second later somebody has decided. @returns when that was, and how long the promotion took until a client's write */
const crashAndPromote = async (stage: RegionStage): Promise<{ readonly decidedAt: number; readonly promotionSeconds: number | null }> => {
  const { target } = names(stage);
  await loseRegion(stage.source);
  await pause(stage, DECISION_SECONDS);
  // Who decides has looked: a region that is off answers nobody, and to wait for it is part of the decision.
  const sights = await stage.regions.observeAll();
  const decidedAt = mark(stage, 'detected', 'decided');
  await perform(stage, planPromote(sights, target));
  mark(stage, 'promoted');
  return { decidedAt, promotionSeconds: await awaitServed(stage, stage.clients.target, decidedAt) };
};

/** Power and wires return; nobody does anything else. */
const returnSource = async (stage: RegionStage): Promise<{ readonly returnedAt: number; readonly wholeAfterSeconds: number | null }> => {
  const { source } = names(stage);
  const returnedAt = mark(stage, 'healedAt');
  for (const line of await healEverything(stage.context.lab)) stage.context.progress(line);
  await perform(stage, planRejoin(await stage.regions.observeAll(), source));
  return { returnedAt, wholeAfterSeconds: await awaitWhole(stage, returnedAt, deadline(stage)) };
};

/** What the region that returned has written down of what it alone had. */
export const reconcile = async (stage: RegionStage): Promise<Pick<Told, 'reconciled'> & { readonly files: readonly Readonly<Record<string, unknown>>[] }> => {
  const epoch = highestEpoch(await stage.regions.observeAll());
  const files = await collectReconciliation(stage.source, epoch, stage.context.directory);
  return { reconciled: reconciledRows(files), files: files.map(({ about }) => about) };
};

export const crash = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  runRegionDrill(context, async (stage) => {
    const faultAt = mark(stage, 'faultAt', 'region off');
    const { decidedAt, promotionSeconds } = await crashAndPromote(stage);
    await pause(stage, 5);
    const { returnedAt, wholeAfterSeconds } = await returnSource(stage);
    await awaitServed(stage, everybody(stage), now());
    await pause(stage, 2);
    const { reconciled, files } = await reconcile(stage);
    return {
      excluded: excludeAll(stage.clients.source, 'it is in the region that is off'),
      promotions: { min: 1, max: 1 },
      wholeAfterSeconds,
      ...(reconciled === undefined ? {} : { reconciled }),
      silences: silenceOf(stage, faultAt, returnedAt + deadline(stage)),
      extra: { decisionSeconds: decidedAt - faultAt, promotionSeconds, reconciliation: files },
    };
  });

/** The machines whose probes can't look: they are off. */
export const silenceOf = (stage: RegionStage, from: number, to: number): NonNullable<Told['silences']> =>
  [stage.source].flatMap(({ region }) => region.zones.map((zone) => ({ probe: `write:${zone}`, from, to, because: `${region.name} is off` })));

/** As after a crash; judged is what happens when the old primary region returns. */
export const rejoin = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  runRegionDrill(context, async (stage) => {
    await crashAndPromote(stage);
    await pause(stage, 7);
    const since = mark(stage, 'steady');
    await pause(stage, 3);
    const faultAt = mark(stage, 'faultAt', 'the old primary region returns');
    const { returnedAt, wholeAfterSeconds } = await returnSource(stage);
    const served = await awaitServed(stage, everybody(stage), now());
    await pause(stage, 3);
    const { files } = await reconcile(stage);
    return {
      since,
      excluded: excludeAll(stage.clients.source, 'it is in the region that returns'),
      promotions: { min: 0, max: 0 },
      wholeAfterSeconds,
      silences: silenceOf(stage, faultAt - 60, returnedAt + deadline(stage)),
      extra: { returnedRegionServedAfterSeconds: served === null ? null : now() - returnedAt, reconciliation: files },
    };
  });

export const cut = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  runRegionDrill(context, async (stage) => {
    mark(stage, 'faultAt', 'link cut');
    await cutLink(stage.context.lab, 'drop');
    await pause(stage, LINK_CUT_SECONDS);
    const away = primaryOf(await stage.regions.observeAll())?.name;
    const healedAt = mark(stage, 'healedAt');
    await healEverything(stage.context.lab);
    const forwarded = await awaitServed(stage, stage.clients.target, healedAt);
    const wholeAfterSeconds = await awaitWhole(stage, healedAt, deadline(stage));
    await awaitServed(stage, everybody(stage), now());
    await pause(stage, 2);
    return {
      excluded: excludeAll(stage.clients.target, 'its writes are forwarded over the link that is cut'),
      promotions: { min: 0, max: 0 },
      wholeAfterSeconds,
      notes: away === names(stage).source ? [] : [`the primary region was ${away ?? 'none'} while the link was cut`],
      extra: { forwardingAgainSeconds: forwarded },
    };
  });

export const lose = (context: ProcedureContext): Promise<ProcedureOutcome> =>
  runRegionDrill(context, async (stage) => {
    const faultAt = mark(stage, 'faultAt', 'standby region off');
    await loseRegion(stage.target);
    await pause(stage, STANDBY_AWAY_SECONDS);
    const healedAt = mark(stage, 'healedAt');
    for (const line of await healEverything(stage.context.lab)) stage.context.progress(line);
    const wholeAfterSeconds = await awaitWhole(stage, healedAt, deadline(stage));
    await awaitServed(stage, everybody(stage), now());
    await pause(stage, 2);
    return {
      excluded: excludeAll(stage.clients.target, 'it is in the region that is off'),
      promotions: { min: 0, max: 0 },
      wholeAfterSeconds,
      silences: stage.target.region.zones.map((zone) => ({
        probe: `write:${zone}`,
        from: faultAt,
        to: healedAt + deadline(stage),
        because: 'its region is off',
      })),
      extra: {},
    };
  });
