/**
 * Writes the schemas that the manifests are checked against in every test run, from the real ones:
 *
 *   node test/k8s/schemas/generate.mjs [crd.yaml ...]
 *
 * needs a `kubectl` that reaches an API server of the deployed version (`holdfast lab up`), and takes the custom resource definitions of cert-manager
 * (`deploy/crds`) and External Secrets (`config/crds/bases`) from the files given. Only what our charts use is kept, without prose; every object refuses unknown
 * fields, like the server's own strict validation.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const HERE = dirname(fileURLToPath(import.meta.url));

/** Kinds by the path of their group in the API server's /openapi/v3. */
const BUILT_IN = {
  'api/v1': ['ConfigMap', 'Namespace', 'Pod', 'Service', 'ServiceAccount'],
  'apis/apiextensions.k8s.io/v1': ['CustomResourceDefinition'],
  'apis/apiregistration.k8s.io/v1': ['APIService'],
  'apis/apps/v1': ['DaemonSet', 'Deployment', 'StatefulSet'],
  'apis/autoscaling/v2': ['HorizontalPodAutoscaler'],
  'apis/batch/v1': ['CronJob', 'Job'],
  'apis/networking.k8s.io/v1': ['NetworkPolicy'],
  'apis/policy/v1': ['PodDisruptionBudget'],
  'apis/rbac.authorization.k8s.io/v1': ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  'apis/scheduling.k8s.io/v1': ['PriorityClass'],
  'apis/storage.k8s.io/v1': ['StorageClass'],
};

/** Custom resources that have no v1 yet, and the version that they are used in. */
const BEFORE_V1 = { PushSecret: 'v1alpha1', Rollout: 'v1alpha1', AnalysisTemplate: 'v1alpha1' };

/** Parts of custom resources that we never use and that are large: only the named alternatives are kept. */
const KEPT_ALTERNATIVES = {
  'cert-manager.io/v1/Issuer': { spec: ['ca', 'selfSigned'] },
  'external-secrets.io/v1/SecretStore': { 'spec.provider': ['aws', 'kubernetes'] },
  'external-secrets.io/v1alpha1/PushSecret': {
    spec: ['data', 'deletionPolicy', 'refreshInterval', 'secretStoreRefs', 'selector', 'template', 'updatePolicy'],
    'spec.selector': ['secret'],
  },
};

const KEPT_KEYWORDS = [
  'type',
  'enum',
  'required',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
];

const shortName = (name) => name.replace(/^io\.k8s\.(api|apimachinery\.pkg)\./, '');
const targetOf = (ref) => ref.replace('#/components/schemas/', '');

/** A schema without prose and server-side hints, strict about unknown fields. */
const reduce = (schema, onRef) => {
  if (schema.$ref) return onRef(targetOf(schema.$ref));
  if (schema.allOf?.length === 1 && schema.allOf[0].$ref) return reduce(schema.allOf[0], onRef);
  if (schema['x-kubernetes-int-or-string']) return { type: ['integer', 'string'] };
  if (schema.oneOf && !schema.type && schema.oneOf.every((s) => Object.keys(s).join() === 'type')) return { type: schema.oneOf.map((s) => s.type) };
  const reduced = Object.fromEntries(KEPT_KEYWORDS.filter((k) => schema[k] !== undefined).map((k) => [k, schema[k]]));
  if (schema.nullable && reduced.type) reduced.type = [reduced.type, 'null'];
  if (schema.items) reduced.items = reduce(schema.items, onRef);
  if (schema.properties) {
    const own = Object.entries(schema.properties).filter(([name]) => !(name === 'status' && 'metadata' in schema.properties) && name !== 'managedFields');
    reduced.properties = Object.fromEntries(own.map(([name, s]) => [name, reduce(s, onRef)]));
    if (!schema['x-kubernetes-preserve-unknown-fields']) reduced.additionalProperties = false;
  } else if (schema.additionalProperties) {
    reduced.additionalProperties = schema.additionalProperties === true ? true : reduce(schema.additionalProperties, onRef);
  }
  return reduced;
};

const definitions = {};
const kinds = {};

const kubectl = (...args) => execFileSync('kubectl', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });

const addBuiltIn = (path, wanted) => {
  const { schemas } = JSON.parse(kubectl('get', '--raw', `/openapi/v3/${path}`)).components;
  const define = (name) => {
    const short = shortName(name);
    if (!(short in definitions)) {
      definitions[short] = {};
      definitions[short] = reduce(schemas[name], define);
    }
    return { $ref: `#/definitions/${short}` };
  };
  for (const [name, schema] of Object.entries(schemas)) {
    for (const gvk of schema['x-kubernetes-group-version-kind'] ?? []) {
      const inThisGroup = path.endsWith([gvk.group, gvk.version].filter(Boolean).join('/'));
      if (inThisGroup && wanted.includes(gvk.kind)) kinds[[gvk.group, gvk.version, gvk.kind].filter(Boolean).join('/')] = define(name);
    }
  }
};

const keepAlternatives = (schema, kept) => {
  for (const [path, names] of Object.entries(kept)) {
    const at = path.split('.').reduce((s, key) => s.properties[key], schema);
    at.properties = Object.fromEntries(Object.entries(at.properties).filter(([name]) => names.includes(name)));
  }
};

const addCustomResource = (crd) => {
  for (const version of crd.spec.versions.filter((v) => v.served && v.name === (BEFORE_V1[crd.spec.names.kind] ?? 'v1'))) {
    const id = `${crd.spec.group}/${version.name}/${crd.spec.names.kind}`;
    const schema = version.schema.openAPIV3Schema;
    keepAlternatives(schema, KEPT_ALTERNATIVES[id] ?? {});
    const own = reduce(schema, (ref) => {
      throw new Error(`${id}: unexpected reference ${ref}`);
    });
    own.properties.metadata = { $ref: '#/definitions/apis.meta.v1.ObjectMeta' };
    definitions[id] = own;
    kinds[id] = { $ref: `#/definitions/${id.replaceAll('/', '~1')}` };
  }
};

for (const [path, wanted] of Object.entries(BUILT_IN)) addBuiltIn(path, wanted);
const files = process.argv.slice(2);
/** A custom resource whose file is not given keeps the schema that it has. */
const before = JSON.parse(readFileSync(join(HERE, 'manifests.json'), 'utf8'));
for (const [id, reference] of Object.entries(before.kinds)) {
  if (id in kinds || !/\.(io|com)\//.test(id) || !(id in before.definitions)) continue;
  kinds[id] = reference;
  definitions[id] = before.definitions[id];
}
for (const file of files) parseAllDocuments(readFileSync(file, 'utf8')).forEach((document) => addCustomResource(document.toJS()));

/** One line per definition: what changes from one version to the next can be read. */
const lines = (object) =>
  Object.entries(object)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(',\n');
const version = JSON.parse(kubectl('version', '-o', 'json')).serverVersion.gitVersion;
const comment = 'Generated by test/k8s/schemas/generate.mjs. Do not edit.';
/** Files of a Go module lie in a folder `name@version`. */
const sources = [...new Set([...before.customResources, ...files.map((file) => /[^/]+@v[^/]+/.exec(file)?.[0] ?? file.split('/').at(-1))])];
writeFileSync(
  join(HERE, 'manifests.json'),
  `{\n  "$comment": ${JSON.stringify(comment)},\n  "kubernetes": ${JSON.stringify(version)},\n  "customResources": ${JSON.stringify(sources)},\n  "kinds": {\n${lines(kinds)}\n  },\n  "definitions": {\n${lines(definitions)}\n  }\n}\n`,
);
console.log(`${Object.keys(kinds).length} kinds, ${Object.keys(definitions).length} definitions, Kubernetes ${version}, ${files.length} CRD files`);
