import { namedEnvironment, templatesOf } from './environments';
import { readZone, expectationOf, verifyRouting, violationText } from '../../lib/failover/routing';

test('x', () => {
  const environment = namedEnvironment('production');
  const templates = templatesOf(environment);
  const stacks = [...templates].map(([stack, template]) => ({ stack, region: stack.replace(/^(.*-\d)-.*$/, '$1'), template: template.toJSON() as unknown }));
  const zone = readZone(stacks);
  console.error(JSON.stringify(zone, null, 1));
  const v = verifyRouting(zone, expectationOf(environment));
  console.error(v.situations, v.cases, v.violations.map(violationText).join('\n'));
});
