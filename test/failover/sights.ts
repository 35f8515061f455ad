import type { MemberSight, RegionSight } from '../../lib/failover/region-observation';

export const member = (name: string, change: Partial<MemberSight> = {}): MemberSight => ({
  name,
  address: `10.0.0.${name.slice(-1)}`,
  role: 'replica',
  state: 'streaming',
  timeline: 1,
  written: undefined,
  received: 1000,
  replayed: 1000,
  replayedAt: 99.5,
  ...change,
});

const base = (name: string): Omit<RegionSight, 'role' | 'members'> => ({ name, at: 100, expectedMembers: 3, outside: undefined });

export const primarySight = (name: string, epoch = 1, change: Partial<RegionSight> = {}): RegionSight => ({
  ...base(name),
  role: { initialized: true, follows: false, epoch, primary: name },
  members: [
    member(`${name}-0`, { role: 'primary', state: 'running', written: 1000, received: undefined, replayed: undefined, replayedAt: undefined }),
    member(`${name}-1`),
    member(`${name}-2`),
  ],
  ...change,
});

export const standbySight = (name: string, primary: string, epoch = 1, change: Partial<RegionSight> = {}): RegionSight => ({
  ...base(name),
  role: { initialized: true, follows: true, epoch, primary },
  members: [member(`${name}-0`, { role: 'standby_leader' }), member(`${name}-1`), member(`${name}-2`)],
  ...change,
});

export const silentSight = (name: string, change: Partial<RegionSight> = {}): RegionSight => ({ ...base(name), role: undefined, members: [], ...change });
