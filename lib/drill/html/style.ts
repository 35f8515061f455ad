/** The page's style. Colours are named by their use; light and dark differ in this list only. */

const LIGHT = `
  --page: #faf9f6; --surface: #ffffff; --ink: #1c1b18; --soft: #56534b; --faint: #6f6c63; --line: #e2dfd6; --grid: #ece9e1; --track: #f1efe9;
  --acked: #2f6fd0; --leader: #2f6fd0; --writable: #b3590a; --standby: #cfdcef; --standby-ink: #2b466e; --primary-ink: #ffffff; --away: #d9d5ca;
  --gap: #c5352f; --gap-wash: rgba(197, 53, 47, 0.07); --objective: #1c1b18;
  --pass: #17713a; --pass-wash: #e4f4e8; --unknown: #855800; --unknown-wash: #fbf0d5; --fail: #b3261e; --fail-wash: #fde8e6;
  --stage-1: #2f6fd0; --stage-2: #157f6c; --stage-3: #8a6500; --stage-4: #7a4fc0; --stage-5: #b3590a; --stage-6: #b13a78; --stage-7: #55606e; --on-stage: #ffffff;
  --measured: #3d4a5c; --measured-2: #6b7a90;`;

const DARK = `
  --page: #141412; --surface: #1c1c19; --ink: #f1efe8; --soft: #bdbab0; --faint: #a09d93; --line: #37362f; --grid: #2a2924; --track: #26251f;
  --acked: #6ea3f5; --leader: #6ea3f5; --writable: #f0954a; --standby: #2c3d57; --standby-ink: #c9dbf7; --primary-ink: #0d1a2e; --away: #45433a;
  --gap: #ff7b72; --gap-wash: rgba(255, 123, 114, 0.1); --objective: #f1efe8;
  --pass: #5fce85; --pass-wash: #14301e; --unknown: #e8b84b; --unknown-wash: #352a0e; --fail: #ff8b82; --fail-wash: #421a17;
  --stage-1: #6ea3f5; --stage-2: #43bfa6; --stage-3: #d3a728; --stage-4: #b095ee; --stage-5: #f0954a; --stage-6: #ea84b6; --stage-7: #a0acbb; --on-stage: #10100e;
  --measured: #c3cbd8; --measured-2: #8b97a9;`;

const TEXT = `
* { box-sizing: border-box; }
html { color-scheme: light dark; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; }
main, header.top { max-width: 1160px; margin: 0 auto; padding: 0 40px; }
header.top { padding-top: 40px; padding-bottom: 8px; }
h1, h2, h3, p, figure, dl, dd, ul { margin: 0; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 22px; line-height: 1.25; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h3 { font-size: 15px; line-height: 1.4; margin: 32px 0 10px; }
.kicker { color: var(--faint); font-size: 13px; margin-bottom: 6px; }
.lead { color: var(--soft); font-size: 17px; margin-top: 8px; max-width: 46em; }
.meta { color: var(--faint); font-size: 13px; margin-top: 10px; overflow-wrap: anywhere; }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 14px; }
.num { font-variant-numeric: tabular-nums; }
code { font: 0.92em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
a { color: var(--acked); text-underline-offset: 2px; }
.chip { border: 1px solid var(--line); border-radius: 4px; padding: 1px 7px; font-size: 12px; color: var(--soft); white-space: nowrap; }
.verdict { display: inline-flex; align-items: center; gap: 6px; border-radius: 999px; padding: 2px 11px 2px 9px; font-size: 13px; font-weight: 600; white-space: nowrap; }
.verdict.large { font-size: 15px; padding: 4px 15px 4px 12px; }
.verdict.pass { color: var(--pass); background: var(--pass-wash); } .verdict.unknown { color: var(--unknown); background: var(--unknown-wash); }
.verdict.fail { color: var(--fail); background: var(--fail-wash); }
.bad { color: var(--fail); font-weight: 600; }
.quiet { color: var(--faint); } .small { font-size: 13px; margin-bottom: 10px; }`;

const TABLES = `
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; padding: 9px 14px 9px 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th { color: var(--faint); font-weight: 500; font-size: 13px; }
th:last-child, td:last-child { padding-right: 0; }
th.num, td.num { text-align: right; } th.num + th:not(.num), td.num + td:not(.num) { padding-left: 16px; }
tbody tr:last-child td { border-bottom: 0; }
.scroll { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 4px 20px; } header.top + main > .scroll { margin-top: 20px; }
td .sub { display: block; color: var(--faint); font-size: 13px; overflow-wrap: anywhere; }
td .sub.narrow { display: none; } td.wide { width: 40%; overflow-wrap: anywhere; }`;

const SECTIONS = `
section.drill { border-top: 1px solid var(--line); margin-top: 48px; padding-top: 40px; }
.facts { display: flex; flex-wrap: wrap; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; margin-top: 24px; }
.facts div { flex: 1 1 132px; padding: 12px 16px 13px; margin: 0 -1px -1px 0; border-right: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.facts dt { color: var(--faint); font-size: 13px; } .facts dd { font-size: 20px; font-weight: 600; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.facts dd small { display: block; font-size: 13px; font-weight: 400; letter-spacing: 0; color: var(--faint); }
figure { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px 14px; margin-top: 14px; }
figcaption { color: var(--soft); font-size: 14px; margin-bottom: 12px; } figcaption b { color: var(--ink); font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; color: var(--soft); font-size: 13px; list-style: none; padding: 0; margin-top: 10px; }
.legend li { display: inline-flex; align-items: center; gap: 7px; } .swatch { flex: none; display: inline-block; width: 14px; height: 10px; border-radius: 2px; }
.swatch.thin { height: 4px; } .swatch.dot { width: 9px; height: 9px; border-radius: 50%; } .swatch.gap { background: repeating-linear-gradient(135deg, var(--gap) 0 1.5px, transparent 1.5px 5px); border: 1px solid var(--gap); }
.swatch.away { background: repeating-linear-gradient(135deg, var(--faint) 0 1px, transparent 1px 5px); border: 1px solid var(--line); }
ul.reasons { list-style: none; padding: 0; display: grid; gap: 6px; } ul.reasons li { display: grid; grid-template-columns: auto 1fr; gap: 10px; align-items: baseline; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 10px; margin-top: 14px; background: var(--surface); } .folds { border: 1px solid var(--line); border-radius: 10px; background: var(--surface); overflow: hidden; } .folds details { border: 0; border-radius: 0; margin: 0; } .folds details + details { border-top: 1px solid var(--line); }
summary { cursor: pointer; padding: 10px 18px; font-size: 14px; display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; } summary::before { content: "▸"; color: var(--faint); } details[open] > summary::before { content: "▾"; } summary::-webkit-details-marker { display: none; }
details > .body { padding: 4px 18px 16px; } details figure { border: 0; padding: 0; margin: 8px 0 0; }
dl.origin { display: grid; grid-template-columns: max-content 1fr; gap: 5px 20px; font-size: 14px; } dl.origin dt { color: var(--faint); } dl.origin dd { min-width: 0; overflow-wrap: anywhere; }
footer { max-width: 1160px; margin: 0 auto; padding: 40px; color: var(--faint); font-size: 13px; }`;

const PICTURES = `
svg.picture { display: none; width: 100%; height: auto; overflow: visible; } svg.desktop { display: block; }
svg text { fill: var(--soft); font-family: inherit; font-variant-numeric: tabular-nums; } svg .name { fill: var(--ink); } svg .name, svg .flag, svg .objective-text, svg .bound-text { paint-order: stroke; stroke: var(--surface); stroke-width: 4px; stroke-linejoin: round; } svg .note { fill: var(--faint); }
svg .grid { stroke: var(--grid); } svg .axis { stroke: var(--line); } svg .track { fill: var(--track); }
svg .pole { stroke: var(--soft); stroke-dasharray: 2 3; } svg .pole.fault { stroke: var(--gap); stroke-dasharray: none; stroke-width: 1.5; } svg .flag { fill: var(--ink); } svg .flag.fault { fill: var(--gap); font-weight: 600; }
svg .acked { fill: var(--acked); } svg .muted { opacity: 0.4; } svg .errors { fill: var(--gap); }
svg .gap { fill: url(#gap-hatch); stroke: var(--gap); stroke-width: 1; } svg .gap-text { fill: var(--gap); font-weight: 600; } svg .wash { fill: var(--gap-wash); } svg .plate { fill: var(--surface); }
svg .primary { fill: var(--leader); } svg .primary-text { fill: var(--primary-ink); } svg .standby { fill: var(--standby); } svg .standby-text { fill: var(--standby-ink); } svg .away { fill: url(#away-hatch); stroke: var(--line); } svg .away-text { fill: var(--soft); }
svg .key { fill: var(--leader); } svg .writable { fill: var(--writable); }
svg .objective { stroke: var(--objective); stroke-width: 1.5; } svg .objective-text { fill: var(--ink); font-weight: 600; } svg .bound { stroke: var(--soft); stroke-dasharray: 4 3; }
svg .dot { fill: var(--acked); fill-opacity: 0.75; stroke: var(--surface); } svg .dot.fail { fill: var(--gap); } svg .dot.unknown { fill: var(--surface); stroke: var(--unknown); stroke-width: 2; }
svg .measured { fill: var(--measured); } svg .measured.odd { fill: var(--measured-2); } svg .stage-text { fill: var(--on-stage); } svg .measured-text { fill: var(--surface); }
${[1, 2, 3, 4, 5, 6, 7].map((i) => `.stage-${i} { fill: var(--stage-${i}); background: var(--stage-${i}); }`).join(' ')}`;

const WIDTHS = `
@media screen and (max-width: 960px) { main, header.top { padding-left: 24px; padding-right: 24px; } footer { padding: 32px 24px; } svg.desktop { display: none; } svg.tablet { display: block; } }
@media screen and (max-width: 860px) {
  table.cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); } table.cards, table.cards tbody, table.cards tr, table.cards td { display: block; width: auto; }
  table.cards tr { border-bottom: 1px solid var(--line); padding: 10px 0; } table.cards tr:last-child { border-bottom: 0; }
  table.cards td, table.cards td.num { border: 0; padding: 2px 0 !important; text-align: left; display: grid; grid-template-columns: 104px minmax(0, 1fr); gap: 10px; overflow-wrap: anywhere; }
  table.cards td::before { content: attr(data-label); color: var(--faint); font-size: 13px; } table.cards td > * { justify-self: start; min-width: 0; } td .sub { display: block; }
}
@media screen and (max-width: 600px) {
  table.stages td, table.stages th { padding-right: 10px; } table.stages td.num, table.stages th.num { font-size: 13px; }
  main, header.top { padding-left: 14px; padding-right: 14px; } header.top { padding-top: 24px; } footer { padding: 28px 14px; }
  h1 { font-size: 24px; } h2 { font-size: 20px; } .lead { font-size: 15px; } section.drill { margin-top: 36px; padding-top: 28px; }
  svg.tablet { display: none; } svg.phone { display: block; max-width: 480px; margin: 0 auto; } figure { padding: 14px 12px 12px; }
  .facts div { flex-basis: 44%; padding: 9px 12px 10px; } .facts dd { font-size: 17px; }
  .scroll { padding: 2px 14px; } table.stages .from { display: none; } table.stages .num { white-space: nowrap; } table.stages td .sub.narrow { display: block; }
  dl.origin { grid-template-columns: 1fr; gap: 0; } dl.origin dd { margin-bottom: 8px; } details > .body { padding: 2px 12px 12px; } summary { padding: 10px 12px; }
}
@media print {
  body { background: none; font-size: 12px; } main, header.top, footer { max-width: none; padding-left: 0; padding-right: 0; } figure, .facts, .scroll, details { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; } summary::before { content: none; } section.drill { break-before: page; border-top: 0; margin-top: 0; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}`;

export const STYLE = `:root {${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root {${DARK} } }
${TEXT}${TABLES}${SECTIONS}${PICTURES}${WIDTHS}`;
