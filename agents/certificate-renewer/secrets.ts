/** The Secrets that the renewer reads and writes, and no others. */
import type { Installed } from '../../lib/operations/certificates/renewal';
import { ACME_ACCOUNT_SECRET, GATEWAY_TLS_SECRET, PREVIOUS_TLS_SECRET } from '../../lib/services/certificates';
import type { Kubernetes } from '../restore/kubernetes';
import type { Account } from './certbot';

interface StoredSecret {
  readonly data?: Readonly<Record<string, string>>;
}

const decoded = ({ data = {} }: StoredSecret): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
const encoded = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

export class CertificateSecrets {
  constructor(
    private readonly api: Kubernetes,
    private readonly namespace: string,
  ) {}

  private path(name = ''): string {
    return `/api/v1/namespaces/${this.namespace}/secrets${name === '' ? '' : `/${name}`}`;
  }

  private async read(name: string): Promise<Readonly<Record<string, string>> | undefined> {
    const found = await this.api.find<StoredSecret>(this.path(name));
    return found === undefined ? undefined : decoded(found);
  }

  private async write(name: string, data: Readonly<Record<string, string>>, type: string): Promise<void> {
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: this.namespace }, type, data: encoded(data) };
    if (!(await this.api.create(this.path(), object))) await this.api.patch(this.path(name), { data: encoded(data) });
  }

  async installed(): Promise<Installed | null> {
    const data = await this.read(GATEWAY_TLS_SECRET);
    const [chain, key] = [data?.['tls.crt'] ?? '', data?.['tls.key'] ?? ''];
    return chain === '' || key === '' ? null : { chain, key };
  }

  /** What was there is kept first: whoever has to go back finds it, whatever happens in between. */
  async install(next: Installed, previous: Installed | null): Promise<void> {
    if (previous !== null) await this.write(PREVIOUS_TLS_SECRET, { 'tls.crt': previous.chain, 'tls.key': previous.key }, 'kubernetes.io/tls');
    // One write: certificate and key change together.
    await this.write(GATEWAY_TLS_SECRET, { 'tls.crt': next.chain, 'tls.key': next.key }, 'kubernetes.io/tls');
  }

  async account(): Promise<Account> {
    const text = (await this.read(ACME_ACCOUNT_SECRET))?.['account.json'];
    return text === undefined ? {} : (JSON.parse(text) as Account);
  }

  async keepAccount(account: Account): Promise<void> {
    await this.write(ACME_ACCOUNT_SECRET, { 'account.json': JSON.stringify(account) }, 'Opaque');
  }
}
