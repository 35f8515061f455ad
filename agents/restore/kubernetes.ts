/** The Kubernetes API as a restore needs it: a handful of requests, from inside the cluster or from wherever the API server can be reached. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly ca: Buffer | string;
  /** A function where it changes while the process runs: a pod's is another one every hour. */
  readonly token: string | (() => string);
}

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Of the pod that this runs in. */
export const inCluster = (environment: NodeJS.ProcessEnv): Connection & { readonly token: () => string } => ({
  host: environment['KUBERNETES_SERVICE_HOST'] ?? '',
  port: Number(environment['KUBERNETES_SERVICE_PORT'] ?? 443),
  ca: readFileSync(`${ACCOUNT}/ca.crt`),
  token: () => readFileSync(`${ACCOUNT}/token`, 'utf8'),
});

export class ApiError extends Error {
  constructor(
    what: string,
    readonly status: number,
    body: string,
  ) {
    super(`${what}: the API server answered ${status}: ${messageOf(body)}`);
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
  return body.slice(0, 300);
};

const TIMEOUT_MS = 15_000;
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export class Kubernetes {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 4 });

  constructor(private readonly connection: Connection) {}

  /** @returns undefined when there is no such object */
  async find<T>(path: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse(await this.call('GET', path)) as T;
  }

  async list<T>(path: string): Promise<readonly T[]> {
    return (await this.get<{ items: readonly T[] }>(path)).items;
  }

  text(path: string): Promise<string> {
    return this.call('GET', path);
  }

  /** @returns false when it is there already */
  async create(path: string, object: object): Promise<boolean> {
    try {
      await this.call('POST', path, object);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return false;
      throw error;
    }
  }

  async patch(path: string, change: object): Promise<void> {
    await this.call('PATCH', path, change);
  }

  async remove(path: string): Promise<void> {
    try {
      await this.call('DELETE', path, { propagationPolicy: 'Background' });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private call(method: Method, path: string, body?: object): Promise<string> {
    const { host, port, ca, token } = this.connection;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = {
      authorization: `Bearer ${typeof token === 'string' ? token : token()}`,
      ...(payload === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(payload) }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = request({ method, host, port, path, ca, headers, agent: this.agent, timeout: TIMEOUT_MS }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve(text);
          else reject(new ApiError(`${method} ${path}`, status, text));
        });
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer within ${TIMEOUT_MS / 1000} s`)));
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }
}
