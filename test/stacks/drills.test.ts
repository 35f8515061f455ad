import { Match } from 'aws-cdk-lib/assertions';
import { drillSettings } from '../../lib/operations/drills/settings';
import { namedEnvironment, resourcesOf, templateOf, templatesOf, variant } from './environments';

const production = namedEnvironment('production');
const template = templateOf(templatesOf(production), 'eu-central-1-drills');
const definitionOf = (name: RegExp): string => {
  const machines = [...resourcesOf(template, 'AWS::StepFunctions::StateMachine')].map(([, { Properties }]) => Properties);
  return JSON.stringify(machines.find((p) => name.test(JSON.stringify(p['StateMachineName'])))?.['DefinitionString']);
};

test('every drill of the model has a schedule in the time zone of the model, on the minute', () => {
  for (const { drill } of production.drills)
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: drill,
      ScheduleExpression: Match.stringLikeRegexp('^cron\\(0 13 \\? \\* (TUE|WED|THU) \\*\\)$'),
      ScheduleExpressionTimezone: 'Europe/Berlin',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: Match.objectLike({ Input: JSON.stringify({ drill, askedBy: 'schedule' }) }),
    });
  expect(resourcesOf(template, 'AWS::Scheduler::Schedule').size).toBe(production.drills.length + 1);
});

test('every experiment of FIS is stopped by an alarm, and fails when there is nothing to hit', () => {
  const templates = [...resourcesOf(template, 'AWS::FIS::ExperimentTemplate').values()];
  expect(templates).toHaveLength(4);
  for (const { Properties } of templates) {
    expect(Properties['StopConditions']).toEqual([expect.objectContaining({ Source: 'aws:cloudwatch:alarm' })]);
    expect(Properties['ExperimentOptions']).toMatchObject({ EmptyTargetResolutionMode: 'fail' });
  }
});

test('an alarm of the model stops every experiment, too', () => {
  const watched = variant('production', { drillPolicy: { ...production.drillPolicy, stopAlarms: ['checkout-errors'] } });
  const stops = [...resourcesOf(templateOf(templatesOf(watched), 'eu-central-1-drills'), 'AWS::FIS::ExperimentTemplate').values()].map(({ Properties }) =>
    JSON.stringify(Properties['StopConditions']),
  );
  expect(stops.every((stop) => stop.includes(':alarm:checkout-errors'))).toBe(true);
});

test('a stale proof rings, and so does one that nobody reports on', () => {
  for (const { drill } of production.drills)
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { AlarmName: `holdfast-production-proof-${drill}`, Threshold: 0, TreatMissingData: 'breaching' });
});

test('evidence is locked for the years of the model, and outlives the stack', () => {
  template.hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    Properties: Match.objectLike({ ObjectLockEnabled: true, ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 7 * 366 } } } }),
  });
});

test('only the recorder may sign', () => {
  const signers = [...resourcesOf(template, 'AWS::IAM::Policy')]
    .filter(([, { Properties }]) => JSON.stringify(Properties).includes('"kms:Sign"'))
    .map(([id]) => id);
  expect(signers).toEqual([expect.stringMatching(/^drillrecord/)]);
});

test('the dead man’s timer is set before anything is broken', () => {
  const definition = definitionOf(/drill-run/);
  const order = ['DeadMan', 'Radius', 'Break'].map((state) => definition.indexOf(`\\"${state}\\":{`));
  expect(order.every((place) => place > 0)).toBe(true);
  expect(order).toEqual([...order].sort((a, b) => a - b));
});

test('what a function needs of the model fits its environment', () => expect(JSON.stringify(drillSettings(production)).length).toBeLessThan(2500));

test('an environment without drills has nothing for them', () => expect([...templatesOf(namedEnvironment('dev')).keys()]).not.toContain('eu-central-1-drills'));
