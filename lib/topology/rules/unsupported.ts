import { rule, when, type Rule } from './rule';

/** What the model can say and this release does not carry out: refused, so that nothing is ignored silently. */
export const nothingIsIgnored: Rule = rule(
  'nothing-is-ignored',
  'Parts that are only declared (edge) are refused until a release carries them out.',
  (environment) => [
    ...when(environment.edge !== null, () => ({
      path: 'edge',
      given: JSON.stringify(environment.edge),
      allowed: 'null in this release',
      fix: 'remove edge: nothing would carry it out yet',
    })),
  ],
);
