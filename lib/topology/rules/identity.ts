import { AWS_REGIONS, partitionOf } from '../aws-regions';
import { closest } from '../closest';
import { quoted, regionRule, rule, when, type Finding, type Rule } from './rule';

const ENVIRONMENT_NAME = /^[a-z](?:-?[a-z0-9]){0,23}$/;

export const environmentName: Rule = rule(
  'environment-name',
  'The environment’s name fits CDK stages, Patroni scopes, folders and resource names.',
  (environment) =>
    when(!ENVIRONMENT_NAME.test(environment.name), () => ({
      path: 'name',
      given: JSON.stringify(environment.name),
      allowed: 'a lower-case letter, then up to 23 letters and digits with single hyphens between them',
      fix: 'rename it, for example "staging-eu"',
    })),
);

export const accountIsAnId: Rule = rule('account-is-an-id', 'The AWS account is a 12-digit id, or null.', (environment) =>
  when(environment.account !== null && !/^\d{12}$/.test(environment.account), () => ({
    path: 'account',
    given: JSON.stringify(environment.account),
    allowed: '12 digits as a text, or null',
    fix: 'write the account id, for example "123456789012"; null takes the account of the credentials at deployment',
  })),
);

export const oneHomeRegion: Rule = rule('one-home-region', 'Exactly one region is the home region: the writable primary lives there.', (environment) => {
  const homes = environment.regions.filter((region) => region.role === 'home').map((region) => region.name);
  return when(homes.length !== 1, () => ({
    path: 'regions',
    given: `${homes.length} home regions (${quoted(homes)})`,
    allowed: 'exactly one region with role "home"',
    fix: homes.length === 0 ? 'give one region the role "home"' : `give all but one of them the role "standby"`,
  }));
});

const ALL_REGIONS = Object.values(AWS_REGIONS).flat();

export const regionsExist: Rule = regionRule('regions-exist', 'Region names are those of AWS regions.', (region, at) =>
  when(partitionOf(region.name) === undefined, () => {
    const meant = closest(region.name, ALL_REGIONS);
    return {
      path: at('name'),
      given: JSON.stringify(region.name),
      allowed: 'the name of an AWS region, for example "eu-central-1"',
      fix: meant === undefined ? 'take a name from lib/topology/aws-regions.ts' : `did you mean "${meant}"?`,
    };
  }),
);

/** Every element that occurred before, with its position. */
const repeated = (names: readonly string[]): readonly { readonly name: string; readonly index: number }[] =>
  names.map((name, index) => ({ name, index })).filter(({ name, index }) => names.indexOf(name) < index);

export const regionsAreDistinct: Rule = rule(
  'regions-are-distinct',
  'No region is named twice: a standby in the home region would share its fate.',
  (environment) =>
    repeated(environment.regions.map((region) => region.name)).map(({ name, index }): Finding => ({
      path: `regions[${index}].name`,
      given: `"${name}" a second time`,
      allowed: 'each region once',
      fix: 'name another region, or remove this entry',
    })),
);

export const regionsShareAPartition: Rule = rule(
  'regions-share-a-partition',
  'All regions lie in one AWS partition: networks are not peered and buckets not replicated between partitions.',
  (environment) => {
    const partitions = new Set(environment.regions.flatMap((region) => partitionOf(region.name) ?? []));
    return when(partitions.size > 1, () => ({
      path: 'regions',
      given: `regions of the partitions ${quoted([...partitions])}`,
      allowed: 'regions of one partition',
      fix: 'choose regions of one partition, or write one environment per partition',
    }));
  },
);

export const zonesBelongToTheirRegion: Rule = regionRule(
  'zones-belong-to-their-region',
  'AZ names are the region’s name and a letter, each once.',
  (region, at) => [
    ...region.zones.flatMap((zone, i) =>
      when(!(zone.startsWith(region.name) && /^[a-z]$/.test(zone.slice(region.name.length))), () => ({
        path: at(`zones[${i}]`),
        given: JSON.stringify(zone),
        allowed: `"${region.name}" followed by one letter`,
        fix: `for example "${region.name}${'abcdefgh'[i] ?? 'a'}"`,
      })),
    ),
    ...repeated(region.zones).map(({ name, index }) => ({
      path: at(`zones[${index}]`),
      given: `"${name}" a second time`,
      allowed: 'each AZ once',
      fix: 'name another AZ of the region',
    })),
  ],
);

export const threeZones: Rule = regionRule('three-zones', 'A region spans at least three AZs: with two, one of them holds a majority.', (region, at) =>
  when(region.zones.length < 3, () => ({
    path: at('zones'),
    given: `${region.zones.length} (${quoted(region.zones)})`,
    allowed: 'at least 3 AZs',
    fix: `name 3 AZs, for example ${quoted(['a', 'b', 'c'].map((letter) => region.name + letter))}`,
  })),
);
