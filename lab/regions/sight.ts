/** A region of the lab, seen from outside all regions: its members by their own word, its machines and its network by the lab's. */
import { parseMember } from '../../lib/failover/patroni-member';
import type { FenceEvidence, MemberSight, RegionSight } from '../../lib/failover/region-observation';
import { roleOf, type OwnRole } from '../../lib/failover/region-role';
import { postgresMemberCount } from '../../lib/topology/derive';
import { isCutOff } from '../hosts/wan';
import { podsOf } from '../health';
import { kubernetesApi, type KubernetesApi } from '../kubernetes/api';
import { now } from '../meter/clock';
import { askPatroni, type PatroniClientTls } from '../patroni';
import { livePid } from '../processes';
import type { LabSettings } from '../settings';

const PODS_EVERY = 2;
const OUTSIDE_EVERY = 0.5;
const API_SECONDS = 1.5;
const ASK_SECONDS = 1.5;

interface Named {
  readonly name: string;
  readonly address: string;
}

const within = <T>(seconds: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

/** Looks at one region; keeps what changes seldom. */
export class RegionWatcher {
  private readonly api: KubernetesApi;
  private members: readonly Named[] = [];
  private listedAt = -Infinity;
  private listing: Promise<void> | undefined;
  private roleFrom: string | undefined;
  private outsideAt = -Infinity;
  private lastOutside: Promise<FenceEvidence | undefined> = Promise.resolve(undefined);

  constructor(
    readonly lab: LabSettings,
    private readonly tls: PatroniClientTls,
  ) {
    this.api = kubernetesApi(lab);
  }

  close(): void {
    this.api.close();
  }

  /** Where the members are, as the region's API server last said: one that is gone does not keep anybody from asking the members themselves. */
  async addresses(): Promise<readonly Named[]> {
    if (now() - this.listedAt > PODS_EVERY) {
      this.listing ??= this.list().finally(() => (this.listing = undefined));
      if (this.members.length === 0) await this.listing;
    }
    return this.members;
  }

  private async list(): Promise<void> {
    try {
      const pods = await within(API_SECONDS, podsOf(this.api, 'postgres'));
      this.members = pods.flatMap((p) =>
        p.status.podIP === undefined || p.metadata.deletionTimestamp !== undefined ? [] : [{ name: p.metadata.name, address: p.status.podIP }],
      );
    } catch {
      // No API server: the members that are known may still answer.
    }
    this.listedAt = now();
  }

  /** @param patienceSeconds a member that has not answered by then is not in the list */
  async sight(patienceSeconds = ASK_SECONDS): Promise<RegionSight> {
    const addresses = await this.addresses();
    const [asked, outside] = await Promise.all([Promise.all(addresses.map((m) => this.member(m, patienceSeconds))), this.outside()]);
    const members = asked.filter((m) => m !== undefined);
    return {
      name: this.lab.region.name,
      at: now(),
      // Of those that answer: one after the other, the silent ones would keep everybody waiting.
      role: await this.role(members),
      members,
      expectedMembers: postgresMemberCount(this.lab.region),
      outside,
    };
  }

  /** @returns undefined when it does not answer */
  async member({ name, address }: Named, timeoutSeconds = ASK_SECONDS): Promise<MemberSight | undefined> {
    try {
      const { body } = await askPatroni(this.tls, address, '/patroni', { timeoutSeconds });
      return parseMember(name, address, body);
    } catch {
      return undefined; // did not answer: not in the list of those that did
    }
  }

  /** Each member reads the same etcd: the first answer is as good as all. Who answered last is asked first. */
  private async role(addresses: readonly Named[]): Promise<OwnRole | undefined> {
    const order = [...addresses].sort((a, b) => Number(b.address === this.roleFrom) - Number(a.address === this.roleFrom));
    for (const { address } of order) {
      try {
        const { status, body } = await askPatroni(this.tls, address, '/config', { timeoutSeconds: ASK_SECONDS });
        if (status !== 200) continue;
        this.roleFrom = address;
        return roleOf(JSON.parse(body));
      } catch {
        continue; // this one does not answer: the next may
      }
    }
    return undefined;
  }

  /** Asked of the machine: a process each time, so not with every look. */
  private outside(): Promise<FenceEvidence | undefined> {
    if (now() - this.outsideAt > OUTSIDE_EVERY) {
      this.outsideAt = now();
      this.lastOutside = this.lookOutside();
    }
    return this.lastOutside;
  }

  private async lookOutside(): Promise<FenceEvidence | undefined> {
    const running = await Promise.all(this.lab.nodes.map((node) => livePid(this.lab, node.name)));
    if (running.every((pid) => pid === undefined)) return { kind: 'stopped', detail: `none of the ${running.length} machines of ${this.lab.region.name} runs` };
    if (await isCutOff(this.lab)) return { kind: 'isolated', detail: `the network of ${this.lab.region.name} lets nothing in or out` };
    return undefined;
  }
}
