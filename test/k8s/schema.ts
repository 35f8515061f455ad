import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Schemas {
  readonly kubernetes: string;
  readonly kinds: Readonly<Record<string, { readonly $ref: string }>>;
  readonly definitions: object;
}

const schemas = JSON.parse(readFileSync(join(__dirname, 'schemas', 'manifests.json'), 'utf8')) as Schemas;
const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, strictRequired: false });
ajv.addSchema({ $id: 'manifests', definitions: schemas.definitions });
const validators = new Map<string, ValidateFunction>();

/** The version whose API server the schemas were taken from, for example `v1.35.4`. */
export const SCHEMA_VERSION = schemas.kubernetes;
export const KNOWN_KINDS = Object.keys(schemas.kinds);

/**
 * What is wrong with an object according to the API's own schema; unknown fields are wrong as well.
 * @param id `<group>/<version>/<kind>`, for the core group `v1/<kind>`
 * @returns one line per problem; a kind that isn't among the schemas is a problem
 */
export const schemaProblems = (object: object, id: string): readonly string[] => {
  const kind = schemas.kinds[id];
  if (kind === undefined) return [`no schema for ${id}: add it to test/k8s/schemas/generate.mjs`];
  const validate = validators.get(id) ?? ajv.compile({ $ref: `manifests${kind.$ref}` });
  validators.set(id, validate);
  return validate(object) ? [] : (validate.errors ?? []).map(describeError);
};

const describeError = (error: ErrorObject): string => `${error.instancePath} ${error.message ?? ''} ${JSON.stringify(error.params)}`;
