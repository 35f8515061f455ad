import type { X509Certificate } from 'node:crypto';
import { IssueError, type Account, type Issued } from '../../../agents/certificate-renewer/certbot';
import { look, newState, type Notice, type RenewerPorts } from '../../../agents/certificate-renewer/renew';
import { renderMetrics } from '../../../agents/certificate-renewer/metrics';
import { certificatesIn } from '../../../lib/operations/certificates/chain';
import type { Installed } from '../../../lib/operations/certificates/renewal';
import { renewerConfig } from '../../../lib/services/certificates';
import { ACME_DEFAULTS } from '../../../lib/topology/defaults';
import type { Environment } from '../../../lib/topology/types';
import { issue, type Pair } from '../../operations/certificates/authority';

const root = issue({ name: 'root', authority: true, days: 3650 });
const names = ['api.example.com'];
const config = renewerConfig({ name: 'test' } as Environment, { ...ACME_DEFAULTS, contact: 'a@example.com', names }, 'public', null);
const certificate = (days: number, signer: Pair = root): Pair => issue({ name: 'api.example.com', names, days }, signer);
const issuedOf = ({ certificate: chain, key }: Pair, account: Account = { id: 'new' }): Issued => ({ chain, key, account });

interface World extends RenewerPorts {
  installedNow: Installed | null;
  previous: Installed | null;
  accountNow: Account;
  readonly notices: Notice[];
  readonly order: string[];
}

const worldWith = (installed: Installed | null, issueIt: (account: Account) => Promise<Issued>, account: Account = { id: 'known' }): World => {
  const world: World = {
    installedNow: installed,
    previous: null,
    accountNow: account,
    notices: [],
    order: [],
    now: Date.now,
    roots: (): readonly X509Certificate[] => certificatesIn(root.certificate),
    installed: () => Promise.resolve(world.installedNow),
    install: (next, previous) => {
      world.order.push('install');
      Object.assign(world, { installedNow: next, previous });
      return Promise.resolve();
    },
    account: () => Promise.resolve(world.accountNow),
    keepAccount: (next) => {
      world.order.push('keep account');
      world.accountNow = next;
      return Promise.resolve();
    },
    issue: issueIt,
    notify: (notice) => Promise.resolve(void world.notices.push(notice)),
    log: () => undefined,
  };
  return world;
};
const soon = (): Installed => {
  const pair = certificate(10);
  return { chain: pair.certificate, key: pair.key };
};

describe('the renewer', () => {
  test('installs a verified certificate, keeps the one before, tells somebody', async () => {
    const before = soon();
    const next = certificate(90);
    const world = worldWith(before, () => Promise.resolve(issuedOf(next)));
    const state = newState();
    await look(config, world, state);
    expect(world.installedNow?.chain).toBe(next.certificate);
    expect(world.previous).toBe(before);
    expect(world.notices.map((n) => n.kind)).toEqual(['renewed']);
    expect(renderMetrics(state)).toMatch(/holdfast_certificate_renewer_renewals_total 1/);
  });

  test('leaves a good certificate alone', async () => {
    const pair = certificate(90);
    const world = worldWith({ chain: pair.certificate, key: pair.key }, () => Promise.reject(new Error('must not be asked')));
    expect((await look(config, world, newState())).kind).toBe('hold');
    expect(world.order).toEqual([]);
  });

  test.each([
    ['from a root that nobody trusts', (): Issued => issuedOf(certificate(90, issue({ name: 'stranger', authority: true })))],
    ['that has expired', (): Issued => issuedOf(issue({ name: 'api.example.com', names, from: -10, days: 5 }, root))],
    ['that signed itself', (): Issued => issuedOf(issue({ name: 'api.example.com', names }))],
    ['with somebody else’s key', (): Issued => ({ ...issuedOf(certificate(90)), key: certificate(90).key })],
    ['for other names', (): Issued => issuedOf(issue({ name: 'x', names: ['shop.example.com'] }, root))],
  ])('does not install a certificate %s, keeps what is there, and says so', async (_what, made) => {
    const before = soon();
    const world = worldWith(before, () => Promise.resolve(made()));
    const state = newState();
    await look(config, world, state);
    expect(world.installedNow).toBe(before);
    expect(world.order).not.toContain('install');
    expect(world.notices).toMatchObject([{ kind: 'failed' }]);
    expect(state.lastFailure).toMatch(/what was issued is not installed/);
  });

  test('registers a new account when the authority has lost the old one, by itself', async () => {
    const asked: Account[] = [];
    const world = worldWith(soon(), (account) => {
      asked.push(account);
      return Object.keys(account).length > 0 ? Promise.reject(new IssueError('Account not found', true)) : Promise.resolve(issuedOf(certificate(90)));
    });
    const state = newState();
    await look(config, world, state);
    expect(asked).toEqual([{ id: 'known' }, {}]);
    expect(world.accountNow).toEqual({ id: 'new' });
    expect(world.notices.map((n) => n.kind)).toEqual(['account-registered-anew', 'renewed']);
    expect(state.accountsRegisteredAnew).toBe(1);
  });

  test('does not register accounts because of any other failure', async () => {
    let tries = 0;
    const world = worldWith(soon(), () => {
      tries += 1;
      return Promise.reject(new IssueError('the zone can’t be changed', false));
    });
    await look(config, world, newState());
    expect(tries).toBe(1);
    expect(world.notices.map((n) => n.kind)).toEqual(['failed']);
  });

  test('waits after a failure, and counts', async () => {
    const world = worldWith(soon(), () => Promise.reject(new IssueError('no', false)));
    const state = newState();
    await look(config, world, state);
    expect(await look(config, world, state)).toMatchObject({ kind: 'hold', because: expect.stringMatching(/the last try failed/) as string });
    expect(state.failures).toBe(1);
  });
});
