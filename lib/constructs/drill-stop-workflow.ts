/** The dead man's state machine, as data: stops whatever a drill left behind. */
import { sdk, tell, type Machine, type States } from './drill-workflow';

/** Stops every experiment of the environment's templates that still runs; does not care who began it. */
export const stopWorkflow = (environment: string, templates: readonly string[], topic: string): Machine => ({
  Comment: `The dead man's timer: ends whatever a drill of ${environment} left behind`,
  StartAt: 'Templates',
  TimeoutSeconds: 600,
  States: {
    Templates: { Type: 'Pass', Result: templates, ResultPath: '$.templates', Next: 'EachTemplate' },
    EachTemplate: {
      Type: 'Map',
      ItemsPath: '$.templates',
      ItemSelector: { 'template.$': '$$.Map.Item.Value', 'drill.$': '$.drill', 'run.$': '$.run' },
      ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, StartAt: 'List', States: stopping(environment, topic) },
      End: true,
    },
  },
});

const stopping = (environment: string, topic: string): States => ({
  List: {
    Type: 'Task',
    Resource: sdk('fis', 'listExperiments'),
    Parameters: { 'ExperimentTemplateId.$': '$.template', MaxResults: 100 },
    ResultSelector: { 'running.$': "$.Experiments[?(@.State.Status == 'running' || @.State.Status == 'initiating' || @.State.Status == 'pending')]" },
    ResultPath: '$.found',
    Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 5, MaxAttempts: 10, BackoffRate: 1.5 }],
    Next: 'EachExperiment',
  },
  EachExperiment: {
    Type: 'Map',
    ItemsPath: '$.found.running',
    ItemSelector: { 'id.$': '$$.Map.Item.Value.Id', 'drill.$': '$.drill', 'run.$': '$.run' },
    ItemProcessor: {
      ProcessorConfig: { Mode: 'INLINE' },
      StartAt: 'StopExperiment',
      States: {
        StopExperiment: {
          Type: 'Task',
          Resource: sdk('fis', 'stopExperiment'),
          Parameters: { 'Id.$': '$.id' },
          ResultPath: null,
          Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 5, MaxAttempts: 10, BackoffRate: 1.5 }],
          Next: 'TellStopped',
        },
        TellStopped: {
          ...tell(topic, `${environment}: the drill {} (execution {}) did not end in time; experiment {} was stopped`, '$.drill', '$.run', '$.id'),
          End: true,
        },
      },
    },
    End: true,
  },
});
