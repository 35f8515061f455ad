import { closest } from '../../lib/topology/closest';

const NAMES = ['dev', 'staging', 'production', 'lab'];

describe('the closest name', () => {
  test.each([
    ['prod', 'production'],
    ['prodution', 'production'],
    ['Staging', 'staging'],
    ['lb', 'lab'],
  ])('to %s is %s', (given, meant) => expect(closest(given, NAMES)).toBe(meant));

  test.each(['', 'x', 'frankfurt', 'constructor'])('to %p is none', (given) => expect(closest(given, NAMES)).toBeUndefined());
});
