/** A small client of the lab's API server: what the lab and its drills ask for, over one kept-alive connection. Only works inside the lab's network. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { LabSettings } from '../settings';
import { adminKubeconfig } from './control-plane';

/** What every object has; the rest is read where it is known. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Record<string, string>;
  };
}

export interface Pod extends KubernetesObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly name: string; readonly restartCount: number; readonly ready: boolean }[];
  };
}

export interface Node extends KubernetesObject {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export class ApiError extends Error {
  constructor(
    readonly method: string,
    readonly path: string,
    readonly status: number,
    body: string,
  ) {
    super(`${method} ${path}: ${status} ${messageOf(body)}`);
    this.name = 'ApiError';
  }
}

const messageOf = (body: string): string => {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) return String(parsed.message);
  } catch {
    // not JSON: shown as it is
  }
  return body.slice(0, 500);
};

const CONTENT_TYPE = { apply: 'application/apply-patch+yaml', json: 'application/json', merge: 'application/merge-patch+json' } as const;
type Body = { readonly as: keyof typeof CONTENT_TYPE; readonly value: unknown };

export interface KubernetesApi {
  readonly get: <T>(path: string) => Promise<T>;
  /** What is not JSON, for example a log. */
  readonly text: (path: string) => Promise<string>;
  readonly list: <T>(path: string) => Promise<readonly T[]>;
  readonly create: (path: string, object: unknown) => Promise<void>;
  readonly patch: (path: string, change: unknown) => Promise<void>;
  readonly remove: (path: string, options?: unknown) => Promise<void>;
  /** Server-side apply with strict validation; creates or changes. `dryRun`: everything but the change. */
  readonly apply: (object: KubernetesObject, options?: { readonly dryRun?: boolean }) => Promise<void>;
  readonly close: () => void;
}

interface Kubeconfig {
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

const REQUEST_TIMEOUT_MS = 15_000;

export const kubernetesApi = (lab: LabSettings): KubernetesApi => {
  const ca = readFileSync(join(lab.directory, 'certs', 'ca.crt'));
  const { users } = JSON.parse(readFileSync(adminKubeconfig(lab), 'utf8')) as Kubeconfig;
  const agent = new Agent({ keepAlive: true, maxSockets: 6 });
  const headers = { authorization: `Bearer ${users[0]?.user.token ?? ''}` };

  const call = (method: string, path: string, body?: Body): Promise<string> =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body.value);
      const withBody =
        body === undefined || payload === undefined ? {} : { 'content-type': CONTENT_TYPE[body.as], 'content-length': Buffer.byteLength(payload) };
      const options = {
        method,
        path,
        host: lab.controlPlane.address,
        port: 6443,
        ca,
        agent,
        timeout: REQUEST_TIMEOUT_MS,
        headers: { ...headers, ...withBody },
      };
      const outgoing = request(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new ApiError(method, path, status, text));
        });
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer within ${REQUEST_TIMEOUT_MS / 1000} s`)));
      outgoing.on('error', reject);
      outgoing.end(payload);
    });

  const discovered = new Map<string, Promise<readonly ApiResource[]>>();
  const resourceOf = async (object: KubernetesObject): Promise<ApiResource> => {
    const group = groupPath(object.apiVersion);
    const known = discovered.get(group) ?? call('GET', group).then((text) => (JSON.parse(text) as { resources: ApiResource[] }).resources);
    discovered.set(group, known);
    const resource = (await known).find((r) => r.kind === object.kind && !r.name.includes('/'));
    if (resource === undefined) throw new Error(`the API server does not know ${object.apiVersion} ${object.kind}`);
    return resource;
  };

  return {
    get: async <T>(path: string) => JSON.parse(await call('GET', path)) as T,
    text: (path: string) => call('GET', path),
    list: async <T>(path: string) => (JSON.parse(await call('GET', path)) as { items: readonly T[] }).items,
    create: async (path, object) => void (await call('POST', path, { as: 'json', value: object })),
    patch: async (path, change) => void (await call('PATCH', path, { as: 'merge', value: change })),
    remove: async (path, options) => void (await call('DELETE', path, options === undefined ? undefined : { as: 'json', value: options })),
    apply: async (object, options) => {
      const resource = await resourceOf(object);
      const namespace = resource.namespaced ? `/namespaces/${object.metadata.namespace ?? 'default'}` : '';
      const path = `${groupPath(object.apiVersion)}${namespace}/${resource.name}/${object.metadata.name}`;
      const dryRun = options?.dryRun === true ? '&dryRun=All' : '';
      await call('PATCH', `${path}?fieldManager=holdfast&force=true&fieldValidation=Strict${dryRun}`, { as: 'apply', value: object });
    },
    close: () => agent.destroy(),
  };
};

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

const groupPath = (apiVersion: string): string => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

export const isReady = (object: { readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } }): boolean =>
  object.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
