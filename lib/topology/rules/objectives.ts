import { scenariosOf } from '../applicable';
import { budgetFor, type Budget, type Stage } from '../budget';
import { SCENARIOS, type Scenario } from '../scenarios';
import type { Environment } from '../types';
import { rule, when, type Finding, type Rule } from './rule';

export const objectivesArePositive: Rule = rule('objectives-are-positive', 'Every RTO is greater than 0: no failover takes no time.', (environment) =>
  SCENARIOS.flatMap((scenario) =>
    when(environment.objectives[scenario].rto <= 0, () => ({
      path: `objectives.${scenario}.rto`,
      given: `${environment.objectives[scenario].rto} s`,
      allowed: '> 0 s',
      fix: 'use seconds(30)',
    })),
  ),
);

/** The fewest stages whose settings can save `excess` seconds, the longest saving first; none when no change of settings is enough. */
const stagesToChange = (budget: Budget, excess: number): readonly Stage[] => {
  const savable = budget.stages.filter((stage) => stage.savable > 0).sort((a, b) => b.savable - a.savable);
  const enough = savable.findIndex((_, i) => savable.slice(0, i + 1).reduce((sum, stage) => sum + stage.savable, 0) >= excess);
  return savable.slice(0, enough + 1);
};

interface Miss {
  readonly budget: Budget;
  /** Seconds above the objective. */
  readonly excess: number;
  readonly change: readonly Stage[];
  /** The setting to change first. */
  readonly path: string;
}

const tenths = (seconds: number): number => Math.ceil(seconds * 10 - 1e-6) / 10;

/** The cache is the environment's, everything else a region's. */
const pathOf = (home: number, setting: string): string => (setting.startsWith('cache.') ? setting : `regions[${home}].${setting}`);

const missOf = (environment: Environment, home: number, scenario: Scenario): readonly Miss[] => {
  const budget = budgetFor(environment, scenario);
  const excess = tenths(budget.upperSeconds - budget.objective.rto);
  if (excess <= 0) return [];
  const change = stagesToChange(budget, excess);
  const setting = change[0]?.settings[0];
  return [{ budget, excess, change, path: setting === undefined ? `objectives.${scenario}.rto` : pathOf(home, setting) }];
};

const describe = ({ scenario, upperSeconds, stages, objective }: Budget): string =>
  `${scenario} may take ${upperSeconds} s (${stages.map((stage) => `${stage.name} ${stage.upper}`).join(' + ')}) with an objective of ${objective.rto} s`;

const cure = ({ change, excess }: Miss): string =>
  change.length === 0
    ? 'no change of settings alone is enough'
    : `${excess} s less: ${change.map((stage) => `stage "${stage.name}", ${stage.settings.join(' or ')}, saves up to ${tenths(stage.savable)} s`).join('; and ')}`;

/** Scenarios that miss because of the same setting are one finding: one change mends them. */
const finding = (path: string, first: Miss, rest: readonly Miss[]): Finding => {
  const worst = rest.reduce((a, b) => (b.excess > a.excess ? b : a), first);
  const others = [first, ...rest].filter((miss) => miss !== worst);
  const likewise = others.map((miss) => miss.budget.scenario).join(', ');
  return {
    path,
    given: describe(worst.budget) + (likewise === '' ? '' : `; likewise ${likewise}`),
    allowed: 'an upper bound within the objective',
    fix: `${cure(worst)}; or raise ${others.length === 0 ? `objectives.${worst.budget.scenario}.rto` : 'these objectives'}`,
  };
};

export const objectivesAreReachable: Rule = rule(
  'objectives-are-reachable',
  'For every scenario the budget’s upper bound is within the RTO: the configured timeouts add up to no more than what is promised.',
  (environment) => {
    const home = environment.regions.findIndex((region) => region.role === 'home');
    if (home === -1) return [];
    const misses = scenariosOf(environment).flatMap((scenario) => missOf(environment, home, scenario));
    return [...new Set(misses.map((miss) => miss.path))].flatMap((path) => {
      const [first, ...rest] = misses.filter((miss) => miss.path === path);
      return first ? [finding(path, first, rest)] : [];
    });
  },
);
