/** The data tier's etcd, asked member by member over its JSON gateway, from inside the lab's network. */
import { Agent, request } from 'node:https';
import { ETCD_CLIENT_PORT } from '../lib/topology/derive';
import type { PatroniClientTls } from './patroni';

/** A key as one member knows it, and how far that member's history goes. */
interface Known {
  readonly value: string | undefined;
  readonly revision: number;
}

export interface EtcdMember {
  /** Pod name, `etcd-0`. */
  readonly name: string;
  readonly address: string;
}

interface Status {
  readonly memberId: string;
  readonly leaderId: string;
}

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');

/** One connection per member, kept open. `close` ends them. */
export class EtcdClient {
  private readonly agent: Agent;

  constructor(private readonly tls: PatroniClientTls) {
    // verify-ca: members are reached by pod address, which no certificate carries
    this.agent = new Agent({ keepAlive: true, maxSockets: 2, ...tls, checkServerIdentity: () => undefined });
  }

  private call(address: string, path: string, body: unknown, timeoutMs: number): Promise<unknown> {
    const payload = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
      const outgoing = request({ host: address, port: ETCD_CLIENT_PORT, path, method: 'POST', agent: this.agent, headers, ...this.tls }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          if (answer.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`etcd ${address}${path}: ${answer.statusCode ?? '?'} ${text.slice(0, 200)}`));
        });
      });
      const timer = setTimeout(() => outgoing.destroy(new Error(`etcd ${address}${path}: no answer within ${timeoutMs} ms`)), timeoutMs);
      outgoing.on('close', () => clearTimeout(timer));
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }

  /** This member's own copy (serializable: no quorum needed). */
  async readWithRevision(address: string, key: string, timeoutMs = 500): Promise<Known> {
    const answer = (await this.call(address, '/v3/kv/range', { key: encode(key), serializable: true }, timeoutMs)) as {
      header: { revision: string };
      kvs?: { value: string }[];
    };
    const kv = answer.kvs?.[0];
    return { value: kv === undefined ? undefined : decode(kv.value), revision: Number(answer.header.revision) };
  }

  async status(address: string): Promise<Status> {
    const answer = (await this.call(address, '/v3/maintenance/status', {}, 1000)) as { header: { member_id: string }; leader?: string };
    return { memberId: answer.header.member_id, leaderId: answer.leader ?? '0' };
  }

  /** The member that leads, as the first one that answers says. */
  async leader(members: readonly EtcdMember[]): Promise<EtcdMember | undefined> {
    for (const member of members) {
      try {
        const { memberId, leaderId } = await this.status(member.address);
        if (memberId === leaderId) return member;
      } catch {
        continue; // this one does not answer: the next may
      }
    }
    return undefined;
  }

  async transferLeadership(from: EtcdMember, to: EtcdMember): Promise<void> {
    const { memberId } = await this.status(to.address);
    await this.call(from.address, '/v3/maintenance/transfer-leadership', { targetID: memberId }, 5000);
  }

  close(): void {
    this.agent.destroy();
  }
}
