import { rule, when, type Rule } from './rule';

/** What the model can say and this release does not carry out: refused, so that nothing is ignored silently. */
export const nothingIsIgnored: Rule = rule(
  'nothing-is-ignored',
  'Parts that are only declared (edge, workloads) are refused until a release carries them out.',
  (environment) => [
    ...when(environment.edge !== null, () => ({
      path: 'edge',
      given: JSON.stringify(environment.edge),
      allowed: 'null in this release',
      fix: 'remove edge: nothing would carry it out yet',
    })),
    ...when(environment.workloads.length > 0, () => ({
      path: 'workloads',
      given: `${environment.workloads.length} entries`,
      allowed: 'an empty list in this release',
      fix: 'remove workloads: nothing would carry them out yet',
    })),
  ],
);
