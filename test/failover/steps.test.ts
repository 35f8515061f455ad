/** Steps of a failover by themselves: what prepares it, gives it up, waits for a standby, and tells people. The fence has a file of its own. */
import { MARK_BYTES } from '../../lib/failover/carry-out';
import type { AuditEntry, DoorAnswer, DoorStatus, Urgency } from '../../lib/failover/failover-ports';
import { advance, create, giveBack, mark, settle, type LeaseAnswer, type LeaseRecord, type LeaseStep } from '../../lib/failover/lease';
import { NO_ROLE, type OwnRole } from '../../lib/failover/region-role';
import type { RegionSight } from '../../lib/failover/region-observation';
import { abort, type AbortPorts } from '../../lib/failover/steps/abort';
import { awaitStandby, type AwaitStandbyPorts } from '../../lib/failover/steps/after-promotion';
import { drain, type DrainPorts } from '../../lib/failover/steps/drain';
import { tell, type Occasion } from '../../lib/failover/steps/tell';
import type { FailoverRequest } from '../../lib/failover/steps/run';
import { EXECUTION, request, settings } from './failback';
import { member, primarySight, silentSight, standbySight } from './sights';

const recordOf = (answer: LeaseAnswer): LeaseRecord => {
  if (answer.kind === 'refused') throw new Error(answer.because);
  return answer.record;
};
const held = recordOf(create(null, { environment: 'production', region: 'eu-central-1', epoch: 1, now: 0 }));
const moving = (...steps: readonly LeaseStep[]): LeaseRecord =>
  steps.reduce(
    (record, step) => recordOf(mark(record, { epoch: 2, execution: EXECUTION, step, now: 0 })),
    recordOf(advance(held, { fromEpoch: 1, to: 'us-east-1', execution: EXECUTION, now: 0 })),
  );
const PROMOTING = ['leased', 'fenced', 'promoting'] as const;
const ALL = [...PROMOTING, 'promoted', 'repointed', 'verified', 'switched'] as const;
const settled = recordOf(settle(moving(...ALL), { epoch: 2, execution: EXECUTION, now: 0, cooldown: 0, by: 'grace (production-1-failback)' }));

/** Virtual milliseconds, which pass with every sleep. */
const clockOf = (): DrainPorts['clock'] => {
  let now = 0;
  return { now: () => now, elapsed: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) };
};
const silence = (): Promise<never> => Promise.reject(new Error('no answer'));
const DONE: DoorAnswer = { kind: 'done', role: NO_ROLE };
const no = (because: string): DoorAnswer => ({ kind: 'refused', because, role: NO_ROLE });

describe('drain', () => {
  interface World {
    readonly record?: LeaseRecord;
    readonly source?: () => Promise<RegionSight>;
    readonly target?: (elapsed: number) => Promise<RegionSight>;
    readonly prepare?: DoorAnswer;
  }
  const portsOf = ({ record = held, source, target, prepare = DONE }: World): { readonly ports: DrainPorts; readonly asked: string[] } => {
    const [clock, asked]: [DrainPorts['clock'], string[]] = [clockOf(), []];
    const whole = (): Promise<RegionSight> => Promise.resolve(primarySight('eu-central-1'));
    const door = (name: string): object => ({
      members: name === 'us-east-1' ? () => (target ?? replayedTo(1000 + MARK_BYTES))(clock.elapsed()) : (source ?? whole),
      prepare: (wish: string) => Promise.resolve(prepare).finally(() => asked.push(`${name} ${wish}`)),
    });
    return { ports: { lease: { read: () => Promise.resolve(record) }, region: door, clock } as unknown as DrainPorts, asked };
  };
  const replayedTo = (replayed: number) => (): Promise<RegionSight> =>
    Promise.resolve(standbySight('us-east-1', 'eu-central-1', 1, { members: [member('us-0', { role: 'standby_leader', replayed })] }));

  test('is done when the target has replayed what the holder wrote after it was asked, and Patroni listens again', async () => {
    const { ports, asked } = portsOf({ target: (elapsed) => replayedTo(elapsed < 3000 ? 1000 + MARK_BYTES - 1 : 1000 + MARK_BYTES)() });
    expect(await drain(settings, ports, request)).toMatchObject({ kind: 'prepared' });
    expect(asked).toEqual(['eu-central-1 production-1-failback 0']);
    expect(ports.clock.elapsed()).toBe(3000);
  });

  test('ends no sooner than Patroni hears of something else after a reload', async () => {
    const { ports } = portsOf({});
    expect(await drain(settings, ports, request)).toMatchObject({ kind: 'prepared' });
    expect(ports.clock.elapsed()).toBe(1500);
  });

  test.each<[string, World, RegExp]>([
    ['the holder is silent', { source: silence }, /does not say how far it has written/],
    ['nobody there takes writes', { source: () => Promise.resolve(silentSight('eu-central-1')) }, /does not say how far it has written/],
    ['the holder refuses', { prepare: no('it is not primary') }, /it is not primary/],
    ['the lease is taken already', { record: moving() }, /taken already/],
    ['the target is silent', { target: silence }, /not written a checkpoint within 60 s/],
    ['the target lacks the last byte', { target: replayedTo(1000 + MARK_BYTES - 1) }, /not written a checkpoint within 60 s/],
  ])('holds nothing up when %s', async (_, world, because) => {
    const { ports } = portsOf(world);
    expect(await drain(settings, ports, request)).toMatchObject({ kind: 'unprepared', because: expect.stringMatching(because) });
    expect(ports.clock.elapsed()).toBeLessThanOrEqual(61_000);
  });

  test.each<[string, LeaseRecord, string]>([
    ['it has moved to a later epoch since', recordOf(giveBack(moving(), { epoch: 2, execution: EXECUTION, now: 0, cooldown: 0, by: 'x' })), 'Refused'],
    ['another attempt has ended the change', settled, 'CarriedOut'],
  ])('asks nobody for anything when the lease is not as it was: %s', async (_, record, name) => {
    const { ports, asked } = portsOf({ record });
    await expect(drain(settings, ports, request)).rejects.toMatchObject({ name });
    expect(asked).toEqual([]);
  });
});

describe('abort', () => {
  interface World {
    readonly record: LeaseRecord;
    readonly role?: Partial<OwnRole>;
    readonly promise?: DoorAnswer;
    readonly promote?: DoorAnswer;
    readonly isTargetSilent?: boolean;
  }
  const portsOf = (world: World): { readonly ports: AbortPorts; readonly asked: string[]; readonly told: string[]; readonly record: () => LeaseRecord } => {
    const [asked, told]: [string[], string[]] = [[], []];
    let { record } = world;
    const says =
      (name: string, what: string, answer: DoorAnswer = DONE) =>
      ({ epoch }: { readonly epoch: number }): Promise<DoorAnswer> => {
        asked.push(`${name}: ${what} ${epoch}`);
        return Promise.resolve(answer);
      };
    const door = (name: string): object => ({
      status: () => (world.role === undefined ? silence() : Promise.resolve({ ...NO_ROLE, initialized: true, ...world.role } as DoorStatus)),
      withdraw: world.isTargetSilent === true ? silence : says(name, 'withdraw'),
      promise: says(name, 'promise', world.promise),
      promote: says(name, 'promote', world.promote),
    });
    const lease = {
      giveBack: (wanted: Parameters<typeof giveBack>[1]) => {
        const answer = giveBack(record, wanted);
        if (answer.kind === 'granted') ({ record } = answer);
        return Promise.resolve(answer);
      },
    };
    const notify = { tell: (urgency: Urgency, id: string) => Promise.resolve(void told.push(`${urgency} ${id}`)) };
    return { ports: { lease, region: door, clock: clockOf(), notify } as unknown as AbortPorts, asked, told, record: () => record };
  };
  const FOLLOWS = { follows: true, epoch: 2, primary: 'us-east-1' } as const;
  const IS_PRIMARY = { follows: false, epoch: 1, primary: 'eu-central-1' } as const;

  test('the old holder has the lease again in a later epoch, with a cooldown, and is left alone while it is primary', async () => {
    const { ports, asked, told, record } = portsOf({ record: moving('leased'), role: IS_PRIMARY });
    expect(await abort(settings, ports, request)).toMatchObject({ kind: 'undone', details: { withdrawn: true, restored: true, epoch: 3 } });
    expect(record()).toMatchObject({ holder: 'eu-central-1', epoch: 3, phase: 'held', cooldownUntil: settings.cooldown * 1000 });
    expect([asked, told]).toEqual([['us-east-1: withdraw 2'], []]);
  });

  test('a region that has stepped back is promoted again, in the epoch that it promises first', async () => {
    const { ports, asked, told } = portsOf({ record: moving('leased', 'fenced'), role: FOLLOWS });
    expect(await abort(settings, ports, request)).toMatchObject({ kind: 'undone', details: { restored: true } });
    expect([asked, told]).toEqual([['us-east-1: withdraw 2', 'eu-central-1: promise 3', 'eu-central-1: promote 3'], []]);
  });

  test.each<[string, Partial<World>, readonly string[]]>([
    ['is silent', {}, []],
    ['does not promise', { role: FOLLOWS, promise: no('a later epoch') }, ['eu-central-1: promise 3']],
    ['is not promoted', { role: FOLLOWS, promote: no('not promised') }, ['eu-central-1: promise 3', 'eu-central-1: promote 3']],
  ])('somebody is called when the old holder %s', async (_, world, then) => {
    const { ports, asked, told } = portsOf({ record: moving('leased'), ...world });
    expect(await abort(settings, ports, request)).toMatchObject({ kind: 'undone', details: { restored: false } });
    expect([asked, told]).toEqual([['us-east-1: withdraw 2', ...then], ['page production-1-failback-not-restored']]);
  });

  test('a target that does not answer keeps nothing from being undone', async () => {
    const { ports, told } = portsOf({ record: moving('leased'), role: IS_PRIMARY, isTargetSilent: true });
    expect(await abort(settings, ports, request)).toMatchObject({ kind: 'undone', details: { withdrawn: false, restored: true } });
    expect(told).toEqual([]);
  });

  test.each<[string, LeaseRecord, string]>([
    ['past the point of no return', moving(...PROMOTING), 'too-late'],
    ['when another attempt has carried it out', settled, 'carried-out'],
    ['when the lease is another run’s', recordOf(advance(held, { fromEpoch: 1, to: 'us-east-1', execution: 'another', now: 0 })), 'undone'],
  ])('%s no region is asked for anything: %s', async (_, record, kind) => {
    const { ports, asked, record: after } = portsOf({ record, role: FOLLOWS });
    expect(await abort(settings, ports, request)).toMatchObject({ kind });
    expect([asked, after()]).toEqual([[], record]);
  });

  test('given up twice, the second finds it done and restores the same region', async () => {
    const { ports, record } = portsOf({ record: moving('leased'), role: IS_PRIMARY });
    await abort(settings, ports, request);
    const after = record();
    expect(await abort(settings, ports, request)).toMatchObject({ kind: 'undone', details: { epoch: 3 } });
    expect(record()).toEqual(after);
  });
});

describe('await-standby', () => {
  const standby = (replayed: number, change: Partial<RegionSight> = {}, last: Parameters<typeof member>[1] = {}): RegionSight =>
    standbySight('eu-central-1', 'us-east-1', 2, {
      members: [member('eu-0', { role: 'standby_leader', replayed }), member('eu-1', { replayed }), member('eu-2', { replayed, ...last })],
      ...change,
    });
  const wait = (primary: RegionSight, ...sights: readonly [RegionSight, ...RegionSight[]]): Promise<unknown> => {
    let looks = 0;
    const ports = {
      region: (name: string) => ({
        members: () => Promise.resolve(name === 'us-east-1' ? primary : (sights[Math.min(looks++, sights.length - 1)] ?? sights[0])),
      }),
      clock: clockOf(),
    } as unknown as AwaitStandbyPorts;
    return awaitStandby(settings, ports, request, 'eu-central-1');
  };
  const us = primarySight('us-east-1', 2);

  test('is over when every member streams and has what was written when it began', async () =>
    expect(await wait(us, standby(400), standby(1000))).toMatchObject({ kind: 'follows', because: 'all 3 members of eu-central-1 stream and have caught up' }));

  test.each<[string, RegionSight, RegionSight, RegExp]>([
    ['one byte is missing', us, standby(999), /0 of 3 members/],
    ['one member does not stream', us, standby(1000, {}, { state: 'starting' }), /2 of 3 members/],
    ['one member is on another timeline', us, standby(1000, {}, { timeline: 7 }), /2 of 3 members/],
    ['one member is missing', us, standby(1000, { members: standby(1000).members.slice(0, 2) }), /2 of 3 members/],
    ['it does not follow', us, primarySight('eu-central-1'), /does not follow yet/],
    ['nobody leads there', us, standby(1000, { members: [member('eu-1'), member('eu-2'), member('eu-0')] }), /does not follow yet/],
    ['the new primary is silent', silentSight('us-east-1'), standby(1000), /how far us-east-1 has written is not known/],
  ])('goes on while %s', async (_, primary, sight, because) => {
    await expect(wait(primary, sight)).rejects.toMatchObject({ name: 'NotYet', message: expect.stringMatching(because) });
  });
});

describe('tell', () => {
  interface Told {
    readonly urgency: Urgency;
    readonly id: string;
    readonly text: string;
  }
  const telling = async (occasion: Occasion, run: Readonly<Record<string, unknown>>, change: Partial<FailoverRequest> = {}, isAuditLost = false) => {
    const [recorded, told]: [AuditEntry[], Told[]] = [[], []];
    const ports = {
      audit: { record: (entry: AuditEntry) => (isAuditLost ? silence() : Promise.resolve(void recorded.push(entry))) },
      notify: { tell: (urgency: Urgency, id: string, text: string) => Promise.resolve(void told.push({ urgency, id, text })) },
      clock: clockOf(),
    };
    const ended = await tell(settings, ports, { ...request, ...change }, occasion, run).then(
      () => 'told',
      (error: unknown) => String(error),
    );
    return { recorded, told, ended };
  };

  test.each<[Occasion, readonly Urgency[]]>([
    ['begin', []],
    ['done', ['page']],
    ['carried-out', ['inform']],
    ['refused', ['inform']],
    ['aborted', ['page']],
    ['page', ['page']],
  ])('%s is recorded, and people hear of it: %j', async (occasion, urgencies) => {
    const { recorded, told } = await telling(occasion, { because: 'a drill' });
    expect(recorded).toMatchObject([{ step: occasion, by: 'ada', execution: 'production-1-failback', detail: { because: 'a drill' } }]);
    expect(told.map(({ urgency, id }) => [urgency, id])).toEqual(urgencies.map((urgency) => [urgency, `production-1-failback-${occasion}`]));
  });

  test('what every step said is told in the order of the steps, the branches that ran side by side among them, and the error in plain words', async () => {
    const { told, recorded } = await telling('page', {
      because: 'the home region is lost',
      fence: { because: 'its lease has run out' },
      precheck: { because: 'everybody agrees' },
      secured: { scale: { because: 'twelve pods' }, cache: { because: 'reversed' } },
      error: { Error: 'NotYet', Cause: JSON.stringify({ errorMessage: '12 bytes are missing' }) },
    });
    expect(told[0]?.text.split('\n').slice(1)).toEqual([
      'because: the home region is lost',
      'error: NotYet: 12 bytes are missing',
      'precheck: everybody agrees',
      'scale: twelve pods',
      'cache: reversed',
      'fence: its lease has run out',
    ]);
    expect(recorded[0]?.detail).toMatchObject({ error: 'NotYet: 12 bytes are missing', steps: { precheck: 'everybody agrees' } });
  });

  test.each([
    [{ Error: 'States.Timeout', Cause: 'not JSON' }, 'error: States.Timeout: not JSON'],
    [{ Error: 'States.Runtime', Cause: '{"other":1}' }, 'error: States.Runtime: {"other":1}'],
  ])('an error of Step Functions itself is told as it is: %j', async (error, line) => {
    const { told } = await telling('page', { because: 'x', error });
    expect(told[0]?.text).toContain(line);
  });

  test('a dry run is recorded and wakes nobody', async () => {
    const { recorded, told } = await telling('done', { because: 'a rehearsal' }, { dryRun: true });
    expect([recorded.length, told]).toEqual([1, []]);
  });

  test('an audit that is lost keeps nobody from being told, and is no success', async () => {
    const { told, ended } = await telling('page', { because: 'x' }, {}, true);
    expect(told).toHaveLength(1);
    expect(ended).toBe('Error: no answer');
  });
});
