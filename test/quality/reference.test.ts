import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../bin/exit';
import { ordersEu as example } from '../../examples/environment';
import { defineEnvironment } from '../../lib/topology/define';
import { execute, ROOT } from '../cli/command-line';

describe('the documents', () => {
  test('docs/model.md is what the model says', async () => {
    const { code, stderr } = await execute(process.execPath, [join(ROOT, 'scripts', 'model-reference.mjs'), '--check'], { cwd: ROOT });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('docs/cli.md explains every exit code', () => {
    const text = readFileSync(join(ROOT, 'docs', 'cli.md'), 'utf8');
    for (const code of Object.values(EXIT)) expect(text).toMatch(new RegExp(`^\\| ${code} +\\| `, 'm'));
  });

  test('the example environment keeps every rule', () => expect(defineEnvironment(example).regions).toHaveLength(2));
});
