import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { report, type ReportOptions } from '../../bin/commands/report';
import { reportTable, wantsColour } from '../../lib/drill/table';
import { nodeDies, partitioned, quorumLost } from './support/reports';

const good = nodeDies(2);
const bad = partitioned();
const reports = [good.report, bad.report, quorumLost().report];

describe('the table', () => {
  test('is aligned and says everything in words', () => {
    const lines = reportTable(reports, { colour: false }).split('\n');
    expect(lines[0]).toMatch(/^drill +objective +budget +measured \(RTO\) +measured \(RPO\) +runs +verdict$/);
    expect(lines[2]).toMatch(/^primary-node-dies +RTO 30 s, RPO 0 s +18\.9–26\.2 s +median \d\d\.\d s, max \d\d\.\d s +0 lost +2 +✓ pass$/);
    expect(lines[3]).toMatch(/2 lost +3 +✗ fail$/);
    expect(lines[4]).toMatch(/\? unknown$/);
    const verdicts = lines.filter((_, i) => i !== 1).map((l) => l.search(/verdict$|✓ |✗ |\? u/));
    expect(new Set(verdicts).size).toBe(1);
  });

  test('keeps its alignment in colour', () => {
    // eslint rules against control characters in patterns are right in general; here they are what is tested.
    const stripped = reportTable(reports, { colour: true })
      .split('\u001b')
      .map((part, i) => (i === 0 ? part : part.replace(/^\[\d+m/, '')))
      .join('');
    expect(stripped).toBe(reportTable(reports, { colour: false }));
    expect(reportTable(reports, { colour: true })).toContain('\u001b[31m✗ fail\u001b[0m');
  });

  test('becomes one block per drill where the terminal is too narrow', () => {
    const narrow = reportTable(reports, { colour: false, width: 60 });
    expect(Math.max(...narrow.split('\n').map((l) => l.length))).toBeLessThanOrEqual(60);
    expect(narrow).toMatch(/^primary-node-dies\n {2}objective +RTO 30 s/);
  });

  test.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('has colour on a terminal only (%p, %j: %p)', (isTerminal, env, expected) => {
    expect(wantsColour(isTerminal, env)).toBe(expected);
  });
});

describe('holdfast report', () => {
  let folder: string;
  const path = (name: string): string => join(folder, name);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-report-'));
    await writeFile(path('good.json'), JSON.stringify(good.report));
    await writeFile(path('bad.json'), JSON.stringify(bad.report));
    await Promise.all(good.timelines.map((t, i) => writeFile(path(`run-${i + 1}.timeline.json`), JSON.stringify(t))));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const run = async (files: readonly string[], options: ReportOptions = {}): Promise<{ code: number; out: string; err: string }> => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await report(files, options, { stdout: { write: (t) => out.push(t) }, stderr: { write: (t) => err.push(t) }, env: {} });
    return { code, out: out.join(''), err: err.join('') };
  };

  test('prints the table, and why a run did not pass; showing a failure is no failure', async () => {
    const { code, out, err } = await run([path('good.json'), path('bad.json')]);
    expect(code).toBe(0);
    expect(out).toContain('✗ fail');
    expect(out).toMatch(/primary-partitioned-drop, run 2: ✗ acked-lost: 2 acknowledged writes missing/);
    expect(err).toBe('');
  });

  test('prints JSON that can be piped', async () => {
    const { out } = await run([path('good.json')], { json: true });
    expect(JSON.parse(out)).toMatchObject([{ drill: 'primary-node-dies', objective: { rtoSeconds: 30 }, summary: { runs: 2, verdict: 'pass' } }]);
  });

  test('writes the page with the pictures of the runs beside the report, whole or not at all', async () => {
    const { code, err } = await run([path('good.json')], { out: path('page.html') });
    expect(code).toBe(0);
    expect(err).toContain(`page written to ${path('page.html')}`);
    const page = await readFile(path('page.html'), 'utf8');
    expect(page.match(/<svg class="picture desktop"/g)).toHaveLength(3);
    expect((await readdir(folder)).filter((f) => f.includes('partial'))).toEqual([]);
  });

  test('says which picture is missing, and why, and shows the rest', async () => {
    await rm(path('run-1.timeline.json'));
    await writeFile(path('run-2.timeline.json'), '{');
    const { code, err } = await run([path('good.json')], { out: path('page.html') });
    expect(code).toBe(0);
    expect(err).toMatch(/primary-node-dies, run 1: no picture: run-1\.timeline\.json: there is no such file or folder/);
    expect(err).toMatch(/run 2: no picture: run-2\.timeline\.json: not a timeline: not JSON: the file ends too early, at line 1, column 2/);
    expect(await readFile(path('page.html'), 'utf8')).toContain('there is no such file');
  });

  test('reads no timeline from elsewhere', async () => {
    await writeFile(path('good.json'), JSON.stringify({ ...good.report, runs: good.report.runs.map((r) => ({ ...r, timeline: '../../etc/passwd' })) }));
    expect((await run([path('good.json')], { out: path('page.html') })).err).toMatch(/"\.\.\/\.\.\/etc\/passwd" does not lie beside the report/);
  });

  test('names every file that is no report, shows nothing of the others, and never a stack trace', async () => {
    await writeFile(path('cut.json'), JSON.stringify(good.report).slice(0, 500));
    await mkdir(path('folder'));
    const { code, out, err } = await run([path('good.json'), path('cut.json'), path('none.json'), path('folder')]);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/error: .*cut\.json: not a drill report: not JSON: the file ends too early, at line 1, column 501/);
    expect(err).toMatch(/error: .*none\.json: there is no such file/);
    expect(err).toMatch(/error: .*folder: it is a directory/);
    expect(err).not.toMatch(/^\s+at /m);
  });

  test('says when the page can not be written, and leaves nothing behind', async () => {
    const { code, err } = await run([path('good.json')], { out: path('none/page.html') });
    expect(code).toBe(3);
    expect(err).toMatch(/error: .*none\/page\.html could not be written: there is no such/);
  });

  test('needs a file', async () => {
    expect(await run([])).toMatchObject({ code: 2, err: expect.stringMatching(/name at least one report file/) as string });
  });
});
