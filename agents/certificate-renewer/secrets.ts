/** The Secrets that the renewer reads and writes, and no others. */
import type { Installed } from '../../lib/operations/certificates/renewal';
import { ACME_ACCOUNT_SECRET, GATEWAY_TLS_SECRET, INSTALLED_ANNOTATION, PREVIOUS_TLS_SECRET, RENEW_ANNOTATION } from '../../lib/services/certificates';
import type { Kubernetes } from '../restore/kubernetes';
import type { Account } from './certbot';

interface StoredSecret {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
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
    const annotations = { [INSTALLED_ANNOTATION]: new Date().toISOString() };
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: this.namespace, annotations }, type, data: encoded(data) };
    if (!(await this.api.create(this.path(), object))) await this.api.patch(this.path(name), { metadata: { annotations }, data: encoded(data) });
  }

  async installed(): Promise<Installed | null> {
    const found = await this.api.find<StoredSecret>(this.path(GATEWAY_TLS_SECRET));
    if (found === undefined) return null;
    const { 'tls.crt': chain = '', 'tls.key': key = '' } = decoded(found);
    const [requestedAt, installedAt] = [RENEW_ANNOTATION, INSTALLED_ANNOTATION].map((name) => Date.parse(found.metadata?.annotations?.[name] ?? ''));
    const known = (name: string, at: number | undefined): object => (at === undefined || Number.isNaN(at) ? {} : { [name]: at });
    return chain === '' || key === '' ? null : { chain, key, ...known('requestedAt', requestedAt), ...known('installedAt', installedAt) };
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
