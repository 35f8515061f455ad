import { cacheSyncConfig } from '../../lib/services/cache-sync';
import { defineEnvironment } from '../../lib/topology/define';
import { labRegionsCache } from '../../lib/environments/lab-regions-cache';

const environment = defineEnvironment(labRegionsCache);

test('each region copies from the others, at addresses that follow from the model, into its own', () => {
  const configs = environment.regions.map((region) => ({ region, config: cacheSyncConfig(environment, region) }));
  for (const { region, config } of configs) {
    expect(config.sources.map((source) => source.region)).toEqual(environment.regions.filter((r) => r.name !== region.name).map((r) => r.name));
    expect(config.target.seeds.map(({ host }) => host)).toEqual(['cache.data.svc.cluster.local']);
    // The names that nodes announce are the same in every region.
    for (const source of config.sources) for (const seed of source.seeds) expect(seed.host).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  }
  expect(new Set(configs.flatMap(({ config }) => config.sources.flatMap((s) => s.seeds.map((seed) => seed.host)))).size).toBe(
    environment.regions.reduce((sum, region) => sum + region.zones.length, 0),
  );
});
