// Writes docs/model.md from the model itself: the docstrings and types of lib/topology/types*.ts, the defaults and the rules.
// `node scripts/model-reference.mjs` writes it, `--check` only says whether it is up to date (exit 1 when not).
import { build } from 'esbuild';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'docs', 'model.md');

/** The model's values, from its sources. */
const loadModel = async () => {
  const contents = [
    "export * from './lib/topology/defaults'",
    "export { EDGE_DEFAULTS } from './lib/topology/defaults-edge'",
    "export { WORKLOAD_DEFAULTS } from './lib/topology/defaults-workloads'",
    "export { RULES } from './lib/topology/rules'",
    "export { SCENARIOS } from './lib/topology/scenarios'",
  ].join(';');
  const bundle = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    logLevel: 'warning',
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', bundle.outputFiles[0].text)(module, module.exports, createRequire(import.meta.url));
  return module.exports;
};

const written = ['types.ts', 'types-traffic.ts', 'types-drills.ts', 'types-edge.ts', 'types-images.ts', 'types-workloads.ts']
  .map((file) => readFileSync(join(root, 'lib/topology', file), 'utf8'))
  .join('\n');
const source = ts.createSourceFile('types.ts', written, ts.ScriptTarget.Latest, true);

const docOf = (node) =>
  ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? '')
    .join(' ')
    .trim();

const interfaces = new Map(source.statements.filter(ts.isInterfaceDeclaration).map((node) => [node.name.text, node]));
const aliases = new Map(source.statements.filter(ts.isTypeAliasDeclaration).map((node) => [node.name.text, node]));

const UNITS = { Seconds: 'seconds', Mebibytes: 'MiB', Gibibytes: 'GiB', Millicores: 'thousandths of a core' };
const SUFFIX = { Seconds: ' s', Mebibytes: ' MiB', Gibibytes: ' GiB', Millicores: 'm' };

const typeText = (type) => {
  const text = type
    .getText(source)
    .replace(/readonly /g, '')
    .replace(/^Readonly<(.*)>$/, '$1');
  const linked = text.replace(/\b[A-Z]\w*\b/g, (name) => (interfaces.has(name) || name === 'SynchronousMode' ? anchor(name) : name));
  return linked
    .replace(/\b(Seconds|Mebibytes|Gibibytes|Millicores)\b/g, (name) => UNITS[name])
    .replace(/\|/g, '\\|')
    .replace(/</g, '&lt;');
};

const showResources = (r) => `CPU ${r.cpu}m, at most ${r.cpuLimit}m; memory ${r.memory} MiB`;
const showDefault = (value, type) => {
  if (value === undefined) return '';
  const name = type.getText(source);
  if (name === 'Resources') return showResources(value);
  if (name in SUFFIX) return `${value}${SUFFIX[name]}`;
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) return '';
  return `\`${JSON.stringify(value)}\``;
};

const cell = (text) => text.replace(/\s*\n\s*/g, ' ').trim();
const anchor = (name) => `[${name}](#${name.toLowerCase()})`;

const table = (node, defaults) => {
  const rows = node.members.filter(ts.isPropertySignature).map((member) => {
    if (docOf(member) === '') throw new Error(`${node.name.text}.${member.name.getText(source)} has no docstring`);
    return `| \`${member.name.getText(source)}\` | ${typeText(member.type)} | ${showDefault(defaults?.[member.name.getText(source)], member.type)} | ${cell(docOf(member))} |`;
  });
  return ['| field | type | default | meaning |', '|---|---|---|---|', ...rows];
};

/** The interface, and below it those of its fields, each once. */
const section = (name, defaults, done) => {
  if (done.has(name) || !interfaces.has(name)) return [];
  done.add(name);
  const node = interfaces.get(name);
  const inner = node.members.filter(ts.isPropertySignature).flatMap((member) => {
    const field = defaults?.[member.name.getText(source)];
    const names = [...interfaces.keys()].filter((known) => new RegExp(`\\b${known}\\b`).test(member.type.getText(source)));
    return names.flatMap((known) => section(known, { Region: defaults?.region, Workload: defaults?.workload }[known] ?? field, done));
  });
  return [`### ${name}`, '', ...(docOf(node) ? [docOf(node), ''] : []), ...table(node, name === 'Resources' ? undefined : defaults), '', ...inner];
};

const reference = async () => {
  const model = await loadModel();
  const defaults = {
    account: null,
    retainData: true,
    region: model.REGION_DEFAULTS,
    certificates: model.CERTIFICATE_DEFAULTS,
    backups: model.BACKUP_DEFAULTS,
    maintenance: model.MAINTENANCE_DEFAULTS,
    drills: [],
    drillPolicy: model.DRILL_POLICY_DEFAULTS,
    cache: null,
    edge: model.EDGE_DEFAULTS,
    dns: model.DNS_DEFAULTS,
    failover: model.FAILOVER_DEFAULTS,
    workloads: [],
    workload: model.WORKLOAD_DEFAULTS,
  };
  const mode = aliases.get('SynchronousMode');
  return [
    '<!-- Generated by scripts/model-reference.mjs from lib/topology: change it there. -->',
    '# The model',
    '',
    'What an environment is, with every field, its default and its meaning; then the rules that every environment keeps. An environment is one file in `lib/environments` that gives only what differs from the defaults',
    '(see [examples/environment.ts](../examples/environment.ts)); `everyRegion` is applied to each region before the region’s own settings. A key that is not listed here is an error.',
    '',
    '## Fields',
    '',
    ...section('Environment', defaults, new Set()),
    '### SynchronousMode',
    '',
    docOf(mode),
    '',
    '## Objectives',
    '',
    'Each scenario has an RTO and an RPO; the drill of the same name measures them.',
    '',
    '| scenario | RTO | RPO |',
    '|---|---|---|',
    ...model.SCENARIOS.map((scenario) => `| \`${scenario}\` | ${model.OBJECTIVE_DEFAULTS[scenario].rto} s | ${model.OBJECTIVE_DEFAULTS[scenario].rpo} s |`),
    '',
    '## Rules',
    '',
    `Every environment keeps these ${model.RULES.length} rules; \`holdfast check\` reports each violation with its path, what was given, what is allowed and how to mend it. Besides, \`no-unknown-keys\` and \`types-are-right\` check its shape.`,
    '',
    '| rule | what holds |',
    '|---|---|',
    ...model.RULES.map((rule) => `| \`${rule.name}\` | ${rule.title.replace(/\|/g, '\\|')} |`),
    '',
  ].join('\n');
};

const text = await reference();
if (process.argv.includes('--check')) {
  let current = '';
  try {
    current = readFileSync(target, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  if (current !== text) {
    console.error('docs/model.md is not up to date: run `node scripts/model-reference.mjs`');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
