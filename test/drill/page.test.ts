import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAYOUTS, placeFlags, scaleOf, textWidth, ticks, type Layout, type PlacedFlag } from '../../lib/drill/html/layout';
import { elementAt } from '../../lib/drill/element';
import { markup } from '../../lib/drill/html/markup';
import { renderPage, type PageInput } from '../../lib/drill/html/page';
import { chromium, startBrowser, type Browser } from '../support/chromium';
import { describeIf } from '../support/requires';
import { seeded, seeds } from './support/random';
import { nodeDies, partitioned, quorumLost, switchover } from './support/reports';

const good = nodeDies(3);
const bad = partitioned();
const all: readonly PageInput[] = [good, bad, switchover(), quorumLost()];
const text = (page: string): string =>
  page
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

describe('the page', () => {
  const page = renderPage(all);

  test('says objective, budget, measured and verdict of every drill in words', () => {
    for (const { report } of all) expect(text(page)).toContain(report.drill);
    expect(text(page)).toMatch(/primary-node-dies ≤ 30 s no write lost 18\.9–26\.2 s \d\d\.\d s median \d\d\.\d s 0 0 3 ✓ pass/);
    expect(text(page)).toMatch(/✗ fail/);
    expect(text(page)).toMatch(/\? unknown/);
  });

  test('names what was lost, and why a run did not pass', () => {
    expect(text(page)).toMatch(/acknowledged, then lost eu-central-1b 2 481-482/);
    expect(text(page)).toMatch(/one-writable-primary: pg-euc1-0 and pg-euc1-1 accepted commits at the same moment \(run 3\)/);
    expect(text(page)).toMatch(/local-commit:pg-euc1-0 was silent for 4\.\d\d s/);
  });

  test('shows the worst run of the worst verdict first', () => {
    expect(text(renderPage([bad]))).toMatch(/The most telling run Run 2\./);
  });

  test('says where the figures come from', () => {
    for (const what of [
      'holdfast drill run primary-node-dies --runs 3 --seed 42 --json',
      'sha256:0123456789abcdef',
      '2 cores, 24 GiB, Linux 6.1.0',
      'patroni 4.1.5',
      'run-1/patroni.log',
    ])
      expect(page).toContain(what);
  });

  test('is the same for the same input', () => {
    expect(renderPage(all)).toBe(page);
  });

  test('loads nothing and runs nothing', () => {
    expect(page).not.toMatch(/<script|<link rel="stylesheet"|@import|https?:\/\/(?!www\.w3\.org)|\son[a-z]+="/i);
  });

  test('needs a report', () => {
    expect(() => renderPage([])).toThrow('a page needs at least one report');
  });

  test('can not be taken over by what a report says', () => {
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
    const [run] = good.report.runs;
    if (!run) throw new Error('no run');
    const [timeline] = good.timelines;
    if (!timeline) throw new Error('no timeline');
    const report = {
      ...good.report,
      drill: evil,
      title: evil,
      command: evil,
      versions: { [evil]: evil },
      runs: [{ ...run, notes: [evil], logs: [{ name: evil, path: 'javascript:alert(1)' }], lost: [{ client: evil, count: 1, ids: [[1, 1] as const] }] }],
    };
    const taken = renderPage([
      { report, timelines: [{ ...timeline, marks: [{ t: 1, name: evil }], clients: timeline.clients.map((c) => ({ ...c, client: evil, excluded: evil })) }] },
    ]);
    expect(taken).not.toContain('<script');
    expect(taken).not.toContain('<img');
    expect(taken).not.toContain('href="javascript');
    expect(taken).toContain('&lt;script&gt;');
  });

  test('says why a timeline is missing', () => {
    expect(text(renderPage([{ report: good.report, timelines: good.report.runs.map(() => ({ missing: 'there is no such file' })) }]))).toMatch(
      /The timeline of run \d can&#39;t be shown|The timeline of run \d can't be shown: there is no such file/,
    );
  });
});

test('markup escapes every value that is not markup', () => {
  expect(markup`<b title="${'"a"'}">${'<i>&'}${[markup`<u>${"'"}</u>`, 1.234]}${null}</b>`.text).toBe(
    '<b title="&quot;a&quot;">&lt;i&gt;&amp;<u>&#39;</u>1.2</b>',
  );
});

describe('flags', () => {
  const FONT = 12;
  const extent = (f: PlacedFlag): readonly [number, number] =>
    f.anchor === 'start' ? [f.x + 4, f.x + 4 + textWidth(f.text, FONT)] : [f.x - 4 - textWidth(f.text, FONT), f.x - 4];

  test.each(seeds(100))("never cover each other or each other's poles (seed %i)", (seed) => {
    const random = seeded(seed);
    const flags = Array.from({ length: random.integer(1, 9) }, (_, i) => ({
      x: random.next() < 0.5 ? random.between(0, 1080) : random.between(500, 540),
      text: `moment ${i} ${random.integer(0, 30)} s`,
    }));
    const placed = placeFlags(flags, 1080, FONT);
    expect(placed).toHaveLength(flags.length);
    for (const a of placed) {
      expect(extent(a)[1]).toBeLessThanOrEqual(1080);
      for (const b of placed) {
        if (a === b) continue;
        const [[aFrom, aTo], [bFrom, bTo]] = [extent(a), extent(b)];
        if (a.row === b.row) expect(aTo <= bFrom || bTo <= aFrom).toBe(true);
        // b's pole reaches up to b's row: it must not run through a's text below that.
        if (b.row > a.row) expect(b.x <= aFrom || b.x >= aTo).toBe(true);
      }
    }
  });
});

test.each(LAYOUTS.map((l) => [l.name, l] as const))('ticks on a %s are round, inside and apart', (_, layout: Layout) => {
  for (const [from, to] of [
    [-5, 42],
    [0, 3.1],
    [-1, 0.4],
    [-5, 190],
    [0, 31.8],
  ] as const) {
    const scale = scaleOf(from, to, layout);
    const marks = ticks(scale, 48);
    expect(marks.length).toBeGreaterThan(1);
    for (const [i, t] of marks.entries()) {
      expect(t).toBeGreaterThanOrEqual(from);
      expect(t).toBeLessThanOrEqual(to);
      if (i > 0) expect(scale.x(t) - scale.x(elementAt(marks, i - 1))).toBeGreaterThanOrEqual(47.9);
    }
  }
});

describeIf(chromium, 'in a real browser', () => {
  let browser: Browser;
  let folder: string;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-page-'));
    await writeFile(join(folder, 'page.html'), renderPage(all));
    url = `file://${join(folder, 'page.html')}`;
    browser = await startBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  const WIDE = `(() => { document.querySelectorAll('details').forEach(d => d.open = true); const w = document.documentElement.clientWidth;
    return { page: document.documentElement.scrollWidth - w,
      out: [...document.querySelectorAll('body *')].filter(e => !e.closest('defs') && !e.closest('thead') && e.getBoundingClientRect().width > 0 && e.getBoundingClientRect().right > w + 1).map(e => e.outerHTML.slice(0, 120)) }; })()`;
  const COVERED = `(() => { document.querySelectorAll('details').forEach(d => d.open = true);
    const bad = []; for (const svg of document.querySelectorAll('svg.picture')) { if (getComputedStyle(svg).display === 'none') continue;
      const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
      texts.forEach(([a, r], i) => texts.slice(i + 1).forEach(([b, s]) => { if (r.left < s.right - 1 && s.left < r.right - 1 && r.top < s.bottom - 3 && s.top < r.bottom - 3) bad.push(a + ' | ' + b); })); }
    return bad; })()`;
  const VISIBLE = `[...document.querySelectorAll('svg.picture')].filter(s => getComputedStyle(s).display !== 'none').map(s => s.getAttribute('class').split(' ')[1])`;

  test.each([
    [1280, 'desktop'],
    [800, 'tablet'],
    [400, 'phone'],
    [320, 'phone'],
  ])('nothing is wider than %i px, no text covers another, and the %s drawing is shown', async (width, layout) => {
    await browser.open(url, { width });
    expect(await browser.evaluate(WIDE)).toEqual({ page: 0, out: [] });
    expect(await browser.evaluate(COVERED)).toEqual([]);
    expect(new Set((await browser.evaluate(VISIBLE)) as string[])).toEqual(new Set([layout]));
    expect(browser.complaints).toEqual([]);
  });

  const CONTRAST = `(() => { const rgb = c => (c.match(/[\\d.]+/g) || []).map(Number); const lum = ([r, g, b]) => { const f = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
    const background = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
    return [...document.querySelectorAll('main *, header *, footer')].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && !e.closest('svg') && e.getClientRects().length)
      .map(e => { const [a, b] = [lum(rgb(getComputedStyle(e).color)), lum(background(e))].sort((x, y) => y - x); return [(a + 0.05) / (b + 0.05), e.outerHTML.slice(0, 80)]; }).filter(([c]) => c < 4.5); })()`;

  test.each([[false], [true]])('text has a contrast of at least 4.5 (dark: %p)', async (dark) => {
    await browser.open(url, { width: 1280, dark });
    expect(await browser.evaluate(CONTRAST)).toEqual([]);
    expect(await browser.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(dark ? 'rgb(20, 20, 18)' : 'rgb(250, 249, 246)');
  });

  test('prints in light colours', async () => {
    await browser.open(url, { width: 1000, dark: true, print: true });
    expect(await browser.evaluate("getComputedStyle(document.body).getPropertyValue('--ink').trim()")).toBe('#1c1b18');
  });
});
