import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../../bin/exit';
import { commandLine, ROOT, type CommandLine } from './command-line';

let cli: CommandLine;
beforeAll(async () => void (cli = await commandLine()));
afterAll(() => cli.remove());

test('the cascade of production is shown layer by layer, without any cluster', async () => {
  const { code, stdout } = await cli.run(['limits', 'production']);
  expect(code).toBe(EXIT.ok);
  expect(stdout).toMatch(/^edge +CloudFront, web ACL +address +1000\/s +60000 in 60 s +403 +up to 30 s +the same$/m);
  expect(stdout).toMatch(/^user +application, Redis +user +10\/s +10 in 1 s +429, Retry-After 10 +at once +2\.5\/s, 429, Retry-After 10$/m);
});

test('the documentation shows what the command shows', async () => {
  const { stdout } = await cli.run(['limits', 'production']);
  expect(readFileSync(join(ROOT, 'docs', 'edge.md'), 'utf8')).toContain(`\`\`\`text\n${stdout}\`\`\``);
});

test('as JSON it is the same', async () => {
  const { stdout } = await cli.run(['limits', 'production', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    environment: 'production',
    limits: [{ layer: 'edge', limit: { requestsPerSecond: 1000, status: 403 } }, {}, {}, {}, {}, {}],
  });
});

test.each([
  [['limits', 'production', '--emergency', 'on'], /--reason: given nothing/],
  [['limits', 'production', '--emergency', 'perhaps', '--reason', 'x'], /Allowed choices are on, off/],
  [['limits', 'dev'], /environment "dev" has no limits/],
  [['limits'], /say where/],
  [['limits', 'production', '--lab', 'x', '--emergency', 'on', '--reason', 'x'], /not both/],
  [['block', 'address', '0.0.0.0/0', 'production'], /--reason: given nothing/],
  [['block', 'address', '0.0.0.0/0', 'production', '--reason', 'x', '--for', 'soon'], /--for: given "soon"/],
  [['block', 'user', 'a b', 'production', '--reason', 'x'], /printable characters/],
  [['block', 'someone', 'x', 'production'], /Allowed choices are address, user/],
  [['block', 'user', 'did:key:z6Mk', '--reason', 'x'], /say where/],
  [['block', 'user', 'did:key:z6Mk', 'production', '--remove', '--for', '1h'], /one of them/],
])('%j is refused as usage', async (args, says) => {
  const { code, stderr } = await cli.run(args);
  expect([code, stderr]).toEqual([EXIT.usage, expect.stringMatching(says)]);
});

test('without kubectl it says so, and what to do', async () => {
  const { code, stderr } = await cli.run(['limits', 'production', '--emergency', 'on', '--reason', 'x', '--kubectl', '/nowhere/kubectl']);
  expect([code, stderr]).toEqual([EXIT.notPossible, expect.stringMatching(/kubectl was not found/)]);
});
