/** What must hold for a workflow beyond the grammar of the states language. Pure: findings, each with the state, what is wrong and what to do. */
import { ERRORS, knowsTheLease, WHEN_CARRIED_OUT } from './workflow-tasks';
import type { Catch, State, StateMachine, States, TaskState } from './workflow-states';

export interface WorkflowFinding {
  readonly state: string;
  readonly given: string;
  readonly fix: string;
}

type Named = readonly [name: string, state: State];

/** From here on nothing may lead back to what undoes. */
export const POINT_OF_NO_RETURN = 'Commit';
export const FIRST_FORWARD = 'Promote';
const UNDOES = 'Abort';

const statesOf = (machine: States): readonly Named[] =>
  Object.entries(machine.States).flatMap(([name, state]): readonly Named[] => [
    [name, state],
    ...(state.Type === 'Parallel' ? state.Branches.flatMap(statesOf) : []),
  ]);

/** Where a state can lead, its failures included. */
const leadsTo = (state: State): readonly string[] => [
  ...('Next' in state && state.Next !== undefined ? [state.Next] : []),
  ...(state.Type === 'Choice' ? [...state.Choices.map((rule) => rule.Next), state.Default] : []),
  ...('Catch' in state && state.Catch !== undefined ? state.Catch.map((c) => c.Next) : []),
];

const reachableFrom = (machine: States, start: string): ReadonlySet<string> => {
  const found = new Set<string>();
  const visit = (name: string): void => {
    const state = machine.States[name];
    if (found.has(name) || state === undefined) return;
    found.add(name);
    leadsTo(state).forEach(visit);
  };
  visit(start);
  return found;
};

const unreachable = (machine: States): readonly WorkflowFinding[] => {
  const reached = reachableFrom(machine, machine.StartAt);
  const here = Object.keys(machine.States)
    .filter((name) => !reached.has(name))
    .map((state) => ({ state, given: 'no state leads to it', fix: 'lead to it, or remove it' }));
  const within = Object.values(machine.States).flatMap((state) => (state.Type === 'Parallel' ? state.Branches.flatMap(unreachable) : []));
  return [...here, ...within];
};

const missing = (machine: States): readonly WorkflowFinding[] =>
  Object.entries(machine.States).flatMap(([name, state]) => [
    ...leadsTo(state)
      .filter((next) => machine.States[next] === undefined)
      .map((next) => ({ state: name, given: `leads to "${next}", which does not exist`, fix: `one of ${Object.keys(machine.States).join(', ')}` })),
    ...(state.Type === 'Parallel' ? state.Branches.flatMap(missing) : []),
  ]);

const taskFindings = (name: string, task: TaskState, inBranch: boolean): readonly WorkflowFinding[] => {
  const finding = (given: string, fix: string): WorkflowFinding => ({ state: name, given, fix });
  const [first] = task.Retry;
  return [
    ...(Number.isInteger(task.TimeoutSeconds) && task.TimeoutSeconds > 0
      ? []
      : [finding('no TimeoutSeconds', 'a call that hangs would hold up the run for a year')]),
    ...(task.Retry.some((r) => r.ErrorEquals.includes('States.ALL') && r.MaxAttempts > 0)
      ? []
      : [finding('no Retry of States.ALL', 'one lost call must not end a run')]),
    ...(first?.ErrorEquals.includes(ERRORS.refused) === true && first.MaxAttempts === 0
      ? []
      : [finding(`"${ERRORS.refused}" is tried again`, 'a refusal comes first in Retry, with MaxAttempts 0')]),
    ...(inBranch || (task.Catch ?? []).some((c) => c.ErrorEquals.includes('States.ALL'))
      ? []
      : [finding('no Catch of States.ALL', 'a run that fails must undo, go on or call a human')]),
  ];
};

/** moto and the service disagree about `$$` in a Choice; a decision belongs to what a function said. */
const choiceFindings = ([name, state]: Named): readonly WorkflowFinding[] =>
  state.Type === 'Choice'
    ? state.Choices.filter((rule) => rule.Variable.startsWith('$$')).map((rule) => ({
        state: name,
        given: `decides on ${rule.Variable}`,
        fix: 'pass it to a function, and decide on its answer',
      }))
    : [];

/** What a failure of `from` can lead to, and so on. */
const noWayBack = (machine: States): readonly WorkflowFinding[] => {
  if (machine.States[FIRST_FORWARD] === undefined) return [{ state: FIRST_FORWARD, given: 'missing', fix: `the state after ${POINT_OF_NO_RETURN}` }];
  const after = reachableFrom(machine, FIRST_FORWARD);
  const back = [UNDOES, 'Lease', 'Secure', 'Drain', 'Fence', POINT_OF_NO_RETURN, 'Approve', 'Refuse'];
  return back
    .filter((name) => after.has(name))
    .map((name) => ({ state: FIRST_FORWARD, given: `a way leads back to "${name}"`, fix: 'after the promotion only forward: retry, or call a human' }));
};

const isCarriedOut = ({ ErrorEquals: names, Next }: Catch): boolean => names.length === 1 && names[0] === ERRORS.carriedOut && Next === WHEN_CARRIED_OUT;

/** Of two who start the same change at once the later one must not undo, or call a human, because the other one has ended it. */
const knowsWhatIsDone = (machine: States): readonly WorkflowFinding[] =>
  Object.entries(machine.States).flatMap(([state, is]) => {
    if (is.Type !== 'Parallel' && !(is.Type === 'Task' && knowsTheLease(is))) return [];
    const [first] = is.Catch ?? [];
    if (first !== undefined && isCarriedOut(first)) return [];
    return [{ state, given: `does not tell "${ERRORS.carriedOut}" from a failure`, fix: `catch it first, and lead to "${WHEN_CARRIED_OUT}"` }];
  });

/** Between the lease and the point of no return every failure undoes. */
const undoesBefore = (machine: States): readonly WorkflowFinding[] => {
  const before = [...reachableFrom(machine, 'Lease')].filter((name) => reachableFrom(machine, name).has(POINT_OF_NO_RETURN));
  return before.flatMap((name) => {
    const state = machine.States[name];
    if (state?.Type !== 'Task' && state?.Type !== 'Parallel') return [];
    const catches = (state.Catch ?? []).filter((c) => !isCarriedOut(c));
    return catches.every((c) => c.Next === UNDOES) && catches.length > 0
      ? []
      : [
          {
            state: name,
            given: `its failure leads to ${catches.map((c) => `"${c.Next}"`).join(', ') || 'nowhere'}`,
            fix: `lead to "${UNDOES}": the lease may have been taken`,
          },
        ];
  });
};

/** @returns nothing when the workflow is sound */
export const lintWorkflow = (machine: StateMachine): readonly WorkflowFinding[] => [
  ...missing(machine),
  ...unreachable(machine),
  ...Object.entries(machine.States).flatMap(([name, state]) => (state.Type === 'Task' ? taskFindings(name, state, false) : [])),
  ...Object.values(machine.States).flatMap((state) =>
    state.Type === 'Parallel'
      ? state.Branches.flatMap(statesOf).flatMap(([name, inner]) => (inner.Type === 'Task' ? taskFindings(name, inner, true) : []))
      : [],
  ),
  ...statesOf(machine).flatMap(choiceFindings),
  ...noWayBack(machine),
  ...undoesBefore(machine),
  ...knowsWhatIsDone(machine),
];
