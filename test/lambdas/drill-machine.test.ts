/** Scheduled drills from end to end: what a schedule of the synthesized template starts, carried out by its state machines and the bundled functions. */
import { advance, create } from '../../lib/failover/lease';
import { leasePut } from '../../lib/failover/lease-item';
import { checkEvidence, fingerprint } from '../../lib/operations/drills/evidence';
import { nextRun } from '../../lib/operations/drills/calendar';
import { dayText, localTime } from '../../lib/operations/drills/local-time';
import { namedEnvironment, templateOf, templatesOf } from '../stacks/environments';
import { Deployment } from './cloud/world';
import { drillStackOf, type DrillStack } from './drill-cloud/template';
import { DrillWorld, RUN } from './drill-cloud/world';

jest.setTimeout(180_000);

const production = namedEnvironment('production');
const [DRILL, HOME] = ['primary-node-dies', 'eu-central-1'] as const;
const FROM = Date.parse('2026-06-01T00:00:00Z');
/** When its schedule rings, and it is due. */
const DUE = nextRun(production, DRILL, FROM, null) ?? 0;
const HOUR = 3_600_000;

let deployment: Deployment;
let stack: DrillStack;
let world: DrillWorld;
beforeAll(() => {
  deployment = new Deployment();
  stack = drillStackOf(templateOf(templatesOf(production), `${HOME}-drills`), 'production');
});
afterAll(() => deployment.remove());

/** Everything is as it should be: agreed to, quiet, and every alarm is OK. */
const open = async (now = DUE + 60_000): Promise<void> => {
  world = await DrillWorld.open(deployment, stack, HOME, now);
  const day = dayText(localTime(now, production.drillPolicy.timeZone));
  world.aws.journal.set(`approval#${DRILL}`, { id: { S: `approval#${DRILL}` }, day: { S: day }, by: { S: 'ada' } });
  world.alarms = [{ AlarmName: 'holdfast-production-drill-writes', StateValue: 'OK' }];
};
afterEach(() => world.close());

const evidence = (): readonly { readonly name: string; readonly text: string }[] =>
  [...world.aws.objects].filter(([name]) => name.endsWith('.json')).map(([name, text]) => ({ name, text }));
const verdict = (): unknown => (JSON.parse(evidence()[0]?.text ?? '{}') as { statement?: { verdict?: unknown } }).statement?.verdict;

test('a drill that is due: the timer, the fault, genuine evidence and its page, and the place is free again', async () => {
  await open();
  await world.ring(DRILL);
  expect(world.states.at(-1)).toBe('Done');
  expect(verdict()).toBe('pass');
  expect(checkEvidence(evidence()[0]?.text ?? '', [fingerprint(world.aws.keys.publicKey)])).toMatchObject({ kind: 'genuine' });
  expect(JSON.parse(evidence()[0]?.text ?? '')).toMatchObject({ statement: { approvedBy: 'ada', recordedBy: `drill-record, execution ${RUN}` } });
  expect([...world.aws.objects.keys()].map((name) => name.split('.').at(-1)).sort()).toEqual(['html', 'json']);
  expect(world.tagged).toEqual([['i-primary']]);
  expect(world.timers).toMatchObject([{ Target: { Arn: stack.stopArn } }]);
  expect(world.states.indexOf('DeadMan')).toBeLessThan(world.states.indexOf('Inject'));
  expect(world.aws.journal.has('running')).toBe(false);
  expect(world.told.join()).toMatch(/drill primary-node-dies: pass/);
  // And it counts: the next ring of the same month is not due.
  world.states.length = 0;
  await world.ring(DRILL);
  expect(world.states.at(-1)).toBe('NotDue');
  expect(await world.look()).toMatchObject([{ drill: DRILL, verdict: 'pass', kind: 'signed' }]);
});

test.each<[string, (w: DrillWorld) => void, RegExp]>([
  [
    'an incident is open',
    (w) => void w.aws.journal.set('incident', { id: { S: 'incident' }, title: { S: 'checkout is slow' } }),
    /incident is open: checkout is slow/,
  ],
  ['the journal does not answer', (w) => void w.aws.forbidden.add('GetItem'), /nobody knows whether an incident is open/],
  ['an alarm rings', (w) => void (w.alarms = [{ AlarmName: 'holdfast-production-drill-writes', StateValue: 'ALARM' }]), /drill-writes \(ALARM\)/],
  ['alarms can’t be looked at', (w) => void w.broken.add('Alarms'), /alarms that stop a drill is not known/],
  ['the alarm that would stop it is missing', (w) => void (w.alarms = []), /no alarm could stop it/],
  ['evidence can’t be read', (w) => void w.broken.add('Proofs'), /when it was run last is not known/],
  [
    'a failover of regions is under way',
    (w) => {
      const held = create(null, { environment: 'production', region: HOME, epoch: 1, now: 0 }).record!;
      const moving = advance(held, { fromEpoch: 1, to: 'us-east-1', execution: 'x', now: 0 }).record!;
      w.aws.journal.set('lease', leasePut('t', null, moving).Item);
    },
    /a failover of regions is under way/,
  ],
  ['nobody has agreed', (w) => void w.aws.journal.delete(`approval#${DRILL}`), /nobody has agreed/],
  [
    'another drill runs',
    (w) => void w.aws.journal.set('running', { id: { S: 'running' }, drill: { S: 'az-lost' }, run: { S: 'r' }, until: { N: String(w.now + HOUR) } }),
    /the drill "az-lost" is running/,
  ],
])('%s: people are told, and nothing is broken', async (_, plant, because) => {
  await open();
  plant(world);
  await world.ring(DRILL);
  expect(world.states.at(-1)).toBe('TellRefusal');
  expect(world.told.join()).toMatch(because);
  expect([world.experiments.size, world.timers.length, world.aws.objects.size]).toEqual([0, 0, 0]);
});

test('a zone is not taken away before the loss of a node is proved', async () => {
  await open(nextRun(production, 'az-lost', FROM, null) ?? 0);
  await world.ring('az-lost', { askedBy: 'person' });
  expect(world.told.join()).toMatch(/what has to be proved first is not: "primary-node-dies" \(never\)/);
  expect(world.experiments.size).toBe(0);
});

test('more than may be taken away is not', async () => {
  await open(nextRun(production, 'az-lost', FROM, null) ?? 0);
  world.policy = { blastRadius: 'node' };
  await world.ring('az-lost', { askedBy: 'person' });
  expect(world.told.join()).toMatch(/it takes away a zone, and at most a node may be taken away/);
  expect(world.experiments.size).toBe(0);
});

test.each([
  ['in a blackout', Date.parse('2026-12-16T12:30:00Z'), 'NotDue'],
  ['out of hours', DUE + 9 * HOUR, 'TellRefusal'],
])('%s nothing is broken', async (_, now, state) => {
  await open(now);
  await world.ring(DRILL);
  expect(world.states.at(-1)).toBe(state);
  expect(world.experiments.size).toBe(0);
});

test('an experiment that does not end: the dead man’s timer stops it, people are told, and the evidence says that it failed', async () => {
  await open();
  world.hangs = true;
  await world.ring(DRILL);
  expect([...world.experiments.values()]).toMatchObject([{ status: 'stopped' }]);
  expect(world.told.join()).toMatch(/did not end in time; experiment EXP-0 was stopped/);
  expect(verdict()).toBe('fail');
});

test.each([
  ['without the dead man’s timer', 'DeadMan', 0],
  ['when the node is not found', 'FindNode', 0],
])('%s nothing is broken, it is recorded, and it proves nothing', async (_, state, experiments) => {
  await open();
  world.broken.add(state);
  await world.ring(DRILL);
  expect(world.experiments.size).toBe(experiments);
  expect(verdict()).toBe('unknown');
  expect(world.aws.journal.has('running')).toBe(false);
});

test('a client that waited for longer than promised: the drill has failed', async () => {
  await open();
  world.meter = { ...world.meter, gapSeconds: 600 };
  await world.ring(DRILL);
  expect(verdict()).toBe('fail');
  // A failed run is told by the register: the alarm on the proof rings at zero.
  await world.look();
  expect(await world.look()).toMatchObject([{ verdict: 'fail' }]);
});

test('evidence that somebody changed counts for nothing', async () => {
  await open();
  await world.ring(DRILL);
  expect(verdict()).toBe('pass');
  const [{ name, text } = { name: '', text: '' }] = evidence();
  world.aws.objects.set(name, text.replace('"pass"', '"fail"'));
  expect(await world.look()).toEqual([]);
});
