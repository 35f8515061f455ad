/** A Kubernetes API, as far as a restore uses it, over HTTPS: ConfigMaps with versions, a StatefulSet whose pods come and go, jobs that answer. It notes what it was asked. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../../../agents/restore/kubernetes';

interface Stored {
  readonly version: number;
  readonly data: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
}

const ok = (body: unknown): Answer => ({ status: 200, body });
const notFound: Answer = { status: 404, body: { message: 'not found' } };
const conflict: Answer = { status: 409, body: { message: 'the object has been modified' } };
const ready = (name: string): object => ({ metadata: { name }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });

export class FakeCluster {
  readonly asked: Asked[] = [];
  readonly maps = new Map<string, Stored>();
  /** By template: what a job made from it says at its end. */
  readonly jobAnswers = new Map<string, object>();
  members: number;
  /** Called before each request is answered. */
  before: (asked: Asked) => void = () => undefined;
  private readonly jobs = new Map<string, string>();
  private discarded = '';
  private version = 0;

  private constructor(
    private readonly server: Server,
    readonly connection: Connection,
    private readonly full: number,
  ) {
    this.members = full;
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const asked = { method: request.method ?? '', path: request.url ?? '' };
        this.asked.push(asked);
        this.before(asked);
        const { status, body } = this.answer(asked, text === '' ? {} : (JSON.parse(text) as Record<string, unknown>));
        response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
  }

  static async start(members: number): Promise<FakeCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-fake-api-'));
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
        ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', join(directory, 'key'), '-out', join(directory, 'crt')],
      ],
      { stdio: 'ignore' },
    );
    const [key, cert] = ['key', 'crt'].map((name) => readFileSync(join(directory, name)));
    rmSync(directory, { recursive: true });
    const server = createServer({ key, cert });
    await new Promise<void>((listening) => server.listen(0, 'localhost', listening));
    const { port } = server.address() as AddressInfo;
    return new FakeCluster(server, { host: 'localhost', port, ca: cert ?? '', token: 'token' }, members);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  record(): Readonly<Record<string, string>> | undefined {
    return [...this.maps.values()][0]?.data;
  }

  /** As somebody else does it. */
  change(data: Readonly<Record<string, string>>): void {
    for (const [name, stored] of this.maps) this.maps.set(name, { version: ++this.version, data: { ...stored.data, ...data } });
  }

  private answer({ method, path }: Asked, body: Record<string, unknown>): Answer {
    const [bare = ''] = path.split('?');
    const name = bare.split('/').at(-1) ?? '';
    if (bare.includes('/configmaps')) return this.configMap(method, name, body);
    if (bare.endsWith('/scale')) return this.scale(body);
    if (bare.includes('/cronjobs/')) return ok({ spec: { jobTemplate: { metadata: {}, spec: { template: { spec: { containers: [{}] } } } } } });
    if (bare.includes('/jobs')) return this.job(method, body);
    if (bare.endsWith('/log')) return ok(this.log(bare.split('/').at(-2) ?? ''));
    if (bare.endsWith('/pods')) return ok({ items: this.pods(path) });
    if (bare.includes('/pods/')) return ok({});
    return notFound;
  }

  private configMap(method: string, name: string, body: Record<string, unknown>): Answer {
    const { metadata = {}, data = {} } = body as { metadata?: { name?: string; resourceVersion?: string }; data?: Record<string, string | null> };
    if (method === 'POST') {
      if (this.maps.has(metadata.name ?? '')) return conflict;
      this.maps.set(metadata.name ?? '', { version: ++this.version, data: data as Record<string, string> });
      return ok({});
    }
    const stored = this.maps.get(name);
    if (stored === undefined) return notFound;
    if (method === 'DELETE') this.maps.delete(name);
    if (method === 'PATCH') {
      if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== String(stored.version)) return conflict;
      const next = Object.entries({ ...stored.data, ...data }).filter((entry): entry is [string, string] => entry[1] !== null);
      this.maps.set(name, { version: ++this.version, data: Object.fromEntries(next) });
      if (data['action'] === 'discard') this.discarded = stored.data['id'] ?? '';
    }
    return ok({ metadata: { resourceVersion: String(stored.version) }, data: stored.data });
  }

  private scale(body: Record<string, unknown>): Answer {
    this.members = (body as { spec: { replicas: number } }).spec.replicas;
    return ok({});
  }

  private job(method: string, body: Record<string, unknown>): Answer {
    if (method === 'GET') return ok({ status: { conditions: [{ type: 'Complete', status: 'True' }] } });
    const { metadata } = body as { metadata: { name: string } };
    if (this.jobs.has(metadata.name)) return conflict;
    const template = [...this.jobAnswers.keys()].find((one) => metadata.name.startsWith(one)) ?? '';
    this.jobs.set(metadata.name, `holdfast-result ${JSON.stringify({ ok: true, ...this.jobAnswers.get(template) })}\n`);
    return ok({});
  }

  private pods(path: string): readonly object[] {
    const [, job] = /job-name%3D(.*)$/.exec(path) ?? [];
    if (job !== undefined) return this.jobs.has(job) ? [{ metadata: { name: job }, status: { phase: 'Succeeded' } }] : [];
    return Array.from({ length: Math.min(this.members, this.full) }, (_, i) => ready(`pg-${i}`));
  }

  private log(pod: string): string {
    return this.jobs.get(pod) ?? `discarded ${this.discarded}\n`;
  }
}
