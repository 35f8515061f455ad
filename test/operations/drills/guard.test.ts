import { guardDrill, type DrillSight } from '../../../lib/operations/drills/guard';
import { proof, scheduled } from './world';

/** Wednesday, 2026-11-25, 09:00 in Berlin: the slot of az-lost. Its prerequisite passed this month; it has not been run this quarter. */
const SLOT = Date.parse('2026-11-25T08:00:00Z');
const clear: DrillSight = {
  now: SLOT,
  askedBy: 'schedule',
  proofs: [proof('primary-node-dies', '2026-11-03T08:00:00Z'), proof('az-lost', '2026-08-12T07:00:00Z')],
  alarms: [{ name: 'checkout-errors', state: 'OK' }],
  incident: null,
  running: null,
  failover: false,
  approval: null,
};
const decide = (changes: Partial<DrillSight> = {}, environment = scheduled()): string => {
  const { kind, because } = guardDrill(environment, 'az-lost', { ...clear, ...changes });
  return `${kind}: ${because}`;
};
const at = (text: string): Partial<DrillSight> => ({ now: Date.parse(text) });

test('a drill that is due, with nothing in its way, is run', () => expect(decide()).toBe('run: it is due, and nothing stands in the way'));

describe('a drill that is not due is skipped', () => {
  test('when the quarter has a run that passed', () =>
    expect(decide({ proofs: [...(clear.proofs as []), proof('az-lost', '2026-11-18T08:00:00Z')] })).toMatch(
      /^skip: it is not due: it is run once every quarter/,
    ));
  test('or one that failed: people look at it first', () =>
    expect(decide({ proofs: [...(clear.proofs as []), proof('az-lost', '2026-11-18T08:00:00Z', { verdict: 'fail' })] })).toMatch(/^skip/));
  test('but one that could not be judged is repeated', () =>
    expect(decide({ proofs: [...(clear.proofs as []), proof('az-lost', '2026-11-18T08:00:00Z', { verdict: 'unknown' })] })).toMatch(/^run/));
  test('on a day of a blackout, with its reason', () => {
    const frozen = scheduled({ blackouts: [{ from: '2026-11-25', to: '2026-11-25', because: 'the sale' }] });
    expect(decide({}, frozen)).toMatch(/^skip: blackout from 2026-11-25 to 2026-11-25: the sale; it comes again a week later/);
  });
});

describe('a drill is refused', () => {
  test.each<[string, Partial<DrillSight>, RegExp]>([
    ['when an alarm rings', { alarms: [{ name: 'checkout-errors', state: 'ALARM' }] }, /checkout-errors \(ALARM\)/],
    ['when an alarm has no data', { alarms: [{ name: 'checkout-errors', state: 'INSUFFICIENT_DATA' }] }, /INSUFFICIENT_DATA/],
    ['when an alarm of the model was not looked at', { alarms: [{ name: 'another', state: 'OK' }] }, /checkout-errors \(MISSING\)/],
    ['when the alarms can not be asked', { alarms: 'unknown' }, /alarms .* is not known/],
    ['during an incident', { incident: { title: 'INC-7: payments slow' } }, /an incident is open: INC-7: payments slow/],
    ['when nobody knows of incidents', { incident: 'unknown' }, /nobody knows whether an incident/],
    ['while another drill runs', { running: { drill: 'primary-node-dies' } }, /"primary-node-dies" is running, and two are never run at once/],
    ['while it runs itself', { running: { drill: 'az-lost' } }, /two are never run at once/],
    ['when nobody knows what runs', { running: 'unknown' }, /nobody knows whether another drill/],
    ['when the evidence can not be read', { proofs: 'unknown' }, /when it was run last is not known/],
    ['on a weekend', at('2026-11-28T09:00:00Z'), /it is sat 10:00 Europe\/Berlin, and drills are run on tue, wed, thu/],
    ['at night', at('2026-11-25T02:00:00Z'), /it is wed 03:00/],
    ['too late to end in time', at('2026-11-25T13:31:00Z'), /it is wed 14:31/],
  ])('%s', (_, changes, says) => {
    expect(decide(changes)).toMatch(/^refuse: /);
    expect(decide(changes)).toMatch(says);
  });

  test.each([
    ['stale', proof('primary-node-dies', '2026-09-01T08:00:00Z')],
    ['failed', proof('primary-node-dies', '2026-11-20T08:00:00Z', { verdict: 'fail' })],
    ['never', proof('primary-node-dies', '2026-11-20T08:00:00Z', { verdict: 'unknown' })],
    ['never', proof('primary-node-dies', '2026-11-20T08:00:00Z', { kind: 'lab' })],
    ['never', proof('primary-node-dies', '2026-11-20T08:00:00Z', { environment: 'elsewhere' })],
  ])('while the smaller drill’s proof is %s', (standing, smaller) =>
    expect(decide({ proofs: [smaller] })).toBe(`refuse: what has to be proved first is not: "primary-node-dies" (${standing})`),
  );

  test('with every reason at once', () =>
    expect(decide({ incident: { title: 'INC-7' }, running: { drill: 'switchover' }, alarms: [{ name: 'checkout-errors', state: 'ALARM' }] })).toBe(
      'refuse: an incident is open: INC-7; alarms are not OK: checkout-errors (ALARM); the drill "switchover" is running, and two are never run at once',
    ));

  test('when no alarm at all could stop it', () => expect(decide({ alarms: [] }, scheduled({ stopAlarms: [] }))).toMatch(/no alarm could stop it/));

  test('by an environment whose radius was made smaller after it was put on the schedule', () => {
    const small = { ...scheduled(), drillPolicy: { ...scheduled().drillPolicy, blastRadius: 'node' as const } };
    expect(decide({}, small)).toMatch(/takes away a zone, and at most a node/);
  });
});

describe('where somebody must agree', () => {
  const strict = scheduled({ approval: true });
  const agreed = { drill: 'az-lost', day: '2026-11-25', by: 'alice' };
  test.each<[string, DrillSight['approval'], RegExp]>([
    ['nobody did', null, /^refuse: nobody has agreed to it for 2026-11-25/],
    ['the approval is for another day', { ...agreed, day: '2026-11-24' }, /^refuse: the approval of alice is for "az-lost" on 2026-11-24/],
    ['the approval is for another drill', { ...agreed, drill: 'primary-node-dies' }, /^refuse: the approval of alice is for "primary-node-dies"/],
    ['the approval names nobody', { ...agreed, by: ' ' }, /^refuse: the approval names nobody/],
    ['nobody knows', 'unknown', /^refuse: whether somebody agreed is not known/],
    ['somebody did', agreed, /^run/],
  ])('%s', (_, approval, says) => expect(decide({ approval }, strict)).toMatch(says));

  test('an exercise of people needs nobody’s approval', () =>
    expect(guardDrill(strict, 'credentials-compromised', { ...clear, now: Date.parse('2026-11-26T08:00:00Z') }).kind).toBe('run'));
});

describe('a person may ask', () => {
  test('on any working day, whether it is due or not', () =>
    expect(decide({ askedBy: 'person', ...at('2026-11-26T09:12:00Z') })).toBe('run: a person asked for it, and nothing stands in the way'));
  test('but not outside the hours, and he is told why', () =>
    expect(decide({ askedBy: 'person', ...at('2026-11-28T09:00:00Z') })).toMatch(/^refuse: it is sat/));
  test('and not past the other guards', () => expect(decide({ askedBy: 'person', incident: { title: 'INC-7' } })).toMatch(/^refuse: an incident is open/));
});

test('the working day ends at the same local hour on both sides of a change of clocks', () => {
  const person = { askedBy: 'person' as const };
  expect(decide({ ...person, ...at('2026-10-22T06:59:00Z') })).toMatch(/^refuse: it is thu 08:59/);
  expect(decide({ ...person, ...at('2026-10-22T07:00:00Z') })).toMatch(/^(run|refuse: what has to be proved)/);
  expect(decide({ ...person, ...at('2026-10-27T07:59:00Z') })).toMatch(/^refuse: it is tue 08:59/);
  expect(decide({ ...person, ...at('2026-10-27T08:00:00Z') })).toMatch(/^(run|refuse: what has to be proved)/);
});

test('a drill that is not on the schedule is an error, not an answer', () =>
  expect(() => guardDrill(scheduled(), 'disk-full', clear)).toThrow(/"disk-full" is not on the schedule/));
