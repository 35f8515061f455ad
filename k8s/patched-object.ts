import { ApiObject, type ApiObjectProps, type JsonPatch } from 'cdk8s';
import type { Construct } from 'constructs';

/**
 * A typed manifest with fields newer than the types (which end at Kubernetes 1.27). The typed classes drop what they don't know, patches included, so this is
 * a plain object.
 * @param manifest what `Kube<Kind>.manifest(...)` returns
 */
export const patchedObject = (scope: Construct, id: string, manifest: unknown, ...patches: JsonPatch[]): void => {
  if (!isApiObject(manifest)) throw new Error(`${id}: not a Kubernetes object`);
  new ApiObject(scope, id, manifest).addJsonPatch(...patches);
};

const isApiObject = (value: unknown): value is ApiObjectProps =>
  typeof value === 'object' &&
  value !== null &&
  'apiVersion' in value &&
  typeof value.apiVersion === 'string' &&
  'kind' in value &&
  typeof value.kind === 'string';
