import { ENVIRONMENTS } from '../../lib/environments';
import { checkShape } from '../../lib/topology/environment-shape';

const sound = (): object => ({ ...ENVIRONMENTS['dev'] });

describe('the shape of an environment', () => {
  test.each(Object.entries(ENVIRONMENTS))('is that of %s', (_, input) => expect(checkShape(input)).toEqual([]));

  test('names a mistyped key, where it is, and what was probably meant', () => {
    const input = { ...sound(), everyRegion: { postgres: { patroni: { tll: 20 } } } };
    expect(checkShape(input)).toEqual([
      expect.objectContaining({ rule: 'no-unknown-keys', path: 'everyRegion.postgres.patroni.tll', fix: expect.stringContaining('"ttl"') as string }),
    ]);
  });

  test('reports every wrong value at once', () => {
    const input = { ...sound(), account: 12, retainData: 'yes', drills: [{ drill: 'earthquake', every: 'month' }], colour: 'blue' };
    expect(checkShape(input).map((v) => [v.rule, v.path])).toEqual([
      ['types-are-right', 'retainData'],
      ['types-are-right', 'account'],
      ['types-are-right', 'drills[0].drill'],
      ['no-unknown-keys', 'colour'],
    ]);
  });

  test('says what is missing', () => {
    expect(checkShape({ name: 'x', regions: [{ name: 'eu-central-1', zones: [], network: {} }] }).map((v) => [v.path, v.given])).toEqual([
      ['regions[0].role', 'nothing'],
      ['regions[0].network.vpcCidr', 'nothing'],
    ]);
  });

  test.each([undefined, null, 'production', 7, []])('refuses %p as an environment', (input) =>
    expect(checkShape(input)).toEqual([expect.objectContaining({ rule: 'types-are-right', path: '(environment)' })]),
  );

  test.each([
    ['a string for seconds', { everyRegion: { follower: { pollInterval: '1s' } } }],
    ['infinite seconds', { everyRegion: { follower: { pollInterval: Infinity } } }],
    ['a fraction for a count', { everyRegion: { etcd: { members: 3.5 } } }],
    ['a size of zero', { everyRegion: { postgres: { storage: 0 } } }],
    ['an object as a parameter', { everyRegion: { postgres: { parameters: { work_mem: {} } } } }],
    ['a list for an object', { certificates: [] }],
  ])('refuses %s', (_, part) => expect(checkShape({ ...sound(), ...part })).toEqual([expect.objectContaining({ rule: 'types-are-right' })]));

  test('takes undefined for a value that is not given', () => expect(checkShape({ ...sound(), cache: undefined })).toEqual([]));
});
