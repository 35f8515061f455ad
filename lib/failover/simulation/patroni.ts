/** What happens in regions by itself: Patroni acts on its configuration, standbys receive the log, and a region that returns asks the others first. */
import { mayStart, newestPrimary } from '../region-guard';
import type { RegionStatus } from '../region-role';
import type { SimulatedRegion } from './region';
import type { World } from './world';

const PUMP = 400;
const ASK_PEERS = 1000;

/** Patroni's loop comes round to what its configuration says. */
export const actOnRole = (world: World, region: SimulatedRegion): void => {
  const { life } = region;
  world.schedule.after(world.random.between(50, 1200), () => {
    settleRole(world, region, life);
  });
};

const settleRole = (world: World, region: SimulatedRegion, life: number): void => {
  if (region.frozen) return world.schedule.at(region.frozenUntil, () => settleRole(world, region, life));
  if (!region.up || region.postgres === 'off') return;
  const { follows, epoch } = region.config;
  if (!follows) region.epoch = epoch;
  if (follows === (region.postgres === 'standby')) return;
  region.postgres = follows ? 'standby' : 'primary';
  region.life++;
  region.upstream = undefined;
  if (!follows) region.timeline++;
  world.note(`PostgreSQL of ${region.name} is ${region.postgres} in epoch ${epoch}`);
};

/** The log crosses the link; a standby that has something of its own is rewound first. */
export const replicate = (world: World): void => {
  for (const standby of world.regions) {
    if (standby.postgres !== 'standby' || !standby.up || standby.frozen) continue;
    const primary = world.regions.find((region) => region.name === standby.config.primary);
    if (primary === undefined || primary === standby || !primary.up || primary.frozen || primary.postgres === 'off') continue;
    if (!world.network.reachBothWays(primary.name, standby.name) || standby.replicationStalledUntil > world.time) continue;
    receive(world, standby, primary);
  }
  world.schedule.after(PUMP, () => replicate(world));
};

const receive = (world: World, standby: SimulatedRegion, primary: SimulatedRegion): void => {
  if (standby.upstream?.region !== primary.name || standby.upstream.life !== primary.life) {
    const theirs = primary.log.ids;
    let common = 0;
    while (common < standby.log.ids.length && standby.log.ids[common] === theirs[common]) common++;
    // One that is ahead of a standby (the old primary of a change that is under way) keeps what it has until that one is primary.
    if (common < standby.log.ids.length && primary.postgres !== 'primary') return;
    standby.rewind(common);
    standby.upstream = { region: primary.name, life: primary.life };
  }
  for (const id of primary.log.ids.slice(standby.log.ids.length)) standby.append(id);
  standby.timeline = primary.timeline;
  standby.receivedAt = world.time;
  if (primary.postgres === 'primary') standby.replayedAt = primary.clock.now() / 1000;
};

const heard = (world: World, region: SimulatedRegion): readonly (RegionStatus | undefined)[] =>
  world.regions
    .filter((other) => other !== region)
    .map((other) => (world.network.reachBothWays(region.name, other.name) && !other.frozen ? other.status() : undefined));

/** A running region that hears of a later epoch steps back. */
export const listenToPeers = (world: World, region: SimulatedRegion): void => {
  world.schedule.after(ASK_PEERS, () => listenToPeers(world, region));
  if (!region.etcdUp || region.frozen || region.config.follows) return;
  const newer = newestPrimary(heard(world, region), region.config);
  if (newer !== undefined) region.follow(newer.region, newer.epoch);
};

/** Power is back: etcd answers at once, PostgreSQL when its guard lets it. */
export const powerOn = (world: World, region: SimulatedRegion): void => {
  if (region.up) return;
  region.up = true;
  world.note(`${region.name} is back`);
  startPostgres(world, region, region.life);
};

const startPostgres = (world: World, region: SimulatedRegion, life: number): void => {
  if (!region.up || region.postgres !== 'off' || region.life !== life) return;
  const again = (): void => world.schedule.after(ASK_PEERS, () => startPostgres(world, region, life));
  if (region.frozen || !region.etcdUp) return again();
  const decision = mayStart({ self: region.name, own: region.config, hasData: true, primaryAlive: false, peers: heard(world, region) });
  if (decision.kind === 'wait') return again();
  if (decision.kind === 'follow') region.follow(decision.primary, decision.epoch);
  region.postgres = region.config.follows ? 'standby' : 'primary';
  region.life++;
  region.epoch = region.config.epoch;
  region.upstream = undefined;
  world.note(`PostgreSQL of ${region.name} starts as ${region.postgres}: ${decision.because}`);
};

export const powerOff = (world: World, region: SimulatedRegion): void => {
  if (!region.up) return;
  region.up = false;
  region.postgres = 'off';
  region.life++;
  // The file is kept where it does not outlive the machine's start.
  region.deadline = undefined;
  world.note(`${region.name} is off`);
};
