import { isOut, serversOf } from '../../../lib/drill/workloads/rotation';

const server = (addr: string, status: string, objType = 'Server'): readonly object[] => [
  { objType, field: { pos: 0, name: 'pxname' }, value: { type: 'str', value: 'backend' } },
  { objType, field: { pos: 17, name: 'status' }, value: { type: 'str', value: status } },
  { objType, field: { pos: 73, name: 'addr' }, value: { type: 'str', value: addr } },
];

describe('whom a gateway sends requests to', () => {
  it('is read from its statistics', () => {
    const servers = serversOf([
      server('', 'OPEN', 'Frontend'),
      server('10.0.0.1:8080', 'UP'),
      server('10.0.0.2:8080', 'DOWN'),
      server('', 'MAINT (resolution)'),
    ]);
    expect(servers).toEqual([
      { address: '10.0.0.1', up: true },
      { address: '10.0.0.2', up: false },
    ]);
  });
  it.each([
    ['UP', false],
    ['UP 1/3', false],
    ['DOWN', true],
    ['DOWN 1/2', true],
    ['MAINT (resolution)', true],
    ['NOLB', true],
  ])('a pod that is %s is out of rotation: %s', (status, out) => {
    expect(isOut(serversOf([server('10.0.0.1:8080', status)]), ['10.0.0.1'])).toBe(out);
  });
  it('a pod that it does not know is out of rotation', () => {
    expect(isOut(serversOf([server('10.0.0.1:8080', 'UP')]), ['10.0.0.9'])).toBe(true);
  });
  it('refuses what HAProxy does not write', () => {
    expect(() => serversOf({})).toThrow(/must be a list/);
  });
});
