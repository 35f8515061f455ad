/** Troubles that come together, because together they find what each alone hardly ever does. Chance adds others to them. */
import type { LeaseStep } from '../lease';
import type { World } from './world';

interface Beat {
  readonly name: string;
  /** Milliseconds from the beginning, or the first time that a workflow has got so far. */
  readonly when: number | LeaseStep;
  /** Milliseconds. */
  readonly for: number;
}
export type Theme = readonly Beat[];

const beat = (name: string, when: number | LeaseStep, lasts = 60_000): Beat => ({ name, when, for: lasts });

export const THEMES: readonly Theme[] = [
  [beat('region isolated', 15_000), beat('commits are held', 10_000)],
  [beat('region isolated', 15_000), beat('synchronous standby slow', 10_000)],
  [beat('region isolated', 15_000), beat('clock set forward', 'leased')],
  [beat('agent stands still while it asks', 14_000, 17_000), beat('region isolated', 14_500)],
  [beat('agent stands still while it asks', 14_000, 12_000), beat('region isolated', 14_300)],
  [beat('region half isolated', 15_000)],
  [beat('region frozen', 15_000, 40_000)],
  [beat('region isolated', 15_000), beat('somebody gives up', 'fenced')],
  [beat('region isolated', 15_000), beat('gives up slowly', 10_000), beat('somebody gives up', 'fenced')],
  [beat('region isolated', 15_000, 30_000), beat('somebody gives up', 'promoting')],
  [beat('region lost', 15_000, 40_000), beat('promotes late', 10_000)],
  [beat('region isolated', 15_000, 40_000), beat('promotes late', 10_000), beat('failback by hand', 70_000)],
  [beat('holder can’t reach the lease store', 12_000), beat('holder takes no changes', 12_000), beat('failover by hand', 13_000)],
  [beat('region lost', 15_000, 25_000), beat('switches late', 10_000), beat('failback by hand', 55_000)],
  [beat('holder takes no changes', 12_000), beat('commits are held', 10_000), beat('failover by hand', 13_000)],
  [beat('holder takes no changes', 12_000), beat('clock set forward', 'leased'), beat('failover by hand', 13_000)],
  [beat('replication stalled', 7_000), beat('region lost', 42_000, 30_000)],
  [beat('failback by hand', 10_000), beat('replication stalled', 'leased', 20_000)],
  [beat('failback by hand', 10_000), beat('region lost', 'leased', 30_000)],
  [beat('failback by hand', 10_000), beat('link cut', 'leased', 30_000), beat('functions die', 'leased')],
  [beat('region lost', 15_000), beat('lease store down', 'leased', 30_000)],
  [beat('region lost', 15_000), beat('functions die', 14_000), beat('bad weather', 14_000)],
  [beat('region isolated', 15_000), beat('functions stand still', 14_000)],
  [beat('lease store down', 12_000), beat('link cut', 20_000, 20_000)],
];

export const playTheme = (world: World, theme: Theme, trouble: (world: World, name: string, until: number) => void, latest: number): void => {
  for (const { name, when, for: lasts } of theme) {
    const begin = (): void => trouble(world, name, Math.min(latest, world.time + lasts * world.random.between(0.7, 1.3)));
    if (typeof when === 'number') world.schedule.at(when * world.random.between(0.95, 1.05), begin);
    else world.whenReached(when, () => world.schedule.after(world.random.between(0, world.random.chance(0.5) ? 60 : 800), begin));
  }
};
