/** One look, and what follows from it: decides, issues, verifies, installs, tells. */
import type { X509Certificate } from 'node:crypto';
import { chainProblems, summaryOf } from '../../lib/operations/certificates/chain';
import { decideRenewal, type Installed, type RenewalDecision } from '../../lib/operations/certificates/renewal';
import type { RenewerConfig } from '../../lib/services/certificates';
import { reasonOf, type Log } from '../follower/log';
import { IssueError, type Account, type Issued } from './certbot';

/** What the renewer needs of the world. */
export interface RenewerPorts {
  readonly now: () => number;
  readonly roots: () => readonly X509Certificate[];
  readonly installed: () => Promise<Installed | null>;
  readonly install: (next: Installed, previous: Installed | null) => Promise<void>;
  readonly account: () => Promise<Account>;
  readonly keepAccount: (account: Account) => Promise<void>;
  readonly issue: (account: Account) => Promise<Issued>;
  /** Somebody should know; must not throw. */
  readonly notify: (notice: Notice) => Promise<void>;
  readonly log: Log;
}

export interface Notice {
  readonly kind: 'renewed' | 'failed' | 'account-registered-anew';
  readonly text: string;
}

/** What is kept between two looks; a restart forgets it, and loses nothing but a pause. */
export interface RenewerState {
  failedAt: number | null;
  failures: number;
  renewals: number;
  accountsRegisteredAnew: number;
  /** Milliseconds since the epoch. */
  lastSuccessAt: number | null;
  lastLookAt: number | null;
  notAfter: number | null;
  lastFailure: string | null;
  decision: RenewalDecision['kind'] | null;
}

export const newState = (): RenewerState => ({
  failedAt: null,
  failures: 0,
  renewals: 0,
  accountsRegisteredAnew: 0,
  lastSuccessAt: null,
  lastLookAt: null,
  notAfter: null,
  lastFailure: null,
  decision: null,
});

const notAfterOf = (installed: Installed | null): number | null => {
  if (installed === null) return null;
  try {
    return summaryOf(installed.chain).notAfter;
  } catch {
    return null; // what is there is no certificate: the decision says so
  }
};

/** With an account that the authority has forgotten nothing is issued, ever: a new one is registered, once per try. */
const issueAnyway = async (ports: RenewerPorts, state: RenewerState): Promise<Issued> => {
  const account = await ports.account();
  try {
    return await ports.issue(account);
  } catch (error) {
    if (!(error instanceof IssueError && error.accountUnknown) || Object.keys(account).length === 0) throw error;
    ports.log('account', 'the authority does not know it any more: a new one is registered', { because: error.message });
    const issued = await ports.issue({});
    state.accountsRegisteredAnew += 1;
    await ports.notify({ kind: 'account-registered-anew', text: 'the certificate authority had lost the ACME account: a new one is registered' });
    return issued;
  }
};

/** @throws Error with everything that speaks against the new certificate: nothing was installed */
const verify = ({ names }: Pick<RenewerConfig, 'names'>, { chain, key }: Issued, ports: RenewerPorts): void => {
  const problems = chainProblems({ chain, key, names, roots: ports.roots(), now: ports.now() });
  if (problems.length > 0) throw new Error(`what was issued is not installed: ${problems.join('; ')}`);
};

const renew = async (config: RenewerConfig, ports: RenewerPorts, state: RenewerState, previous: Installed | null, because: string): Promise<void> => {
  const issued = await issueAnyway(ports, state);
  // Also when it is not installed: the account is good, and authorities count new ones.
  await ports.keepAccount(issued.account);
  verify(config, issued, ports);
  await ports.install({ chain: issued.chain, key: issued.key }, previous);
  const { notAfter, serialNumber, issuer } = summaryOf(issued.chain);
  Object.assign(state, { failedAt: null, lastFailure: null, failures: 0, lastSuccessAt: ports.now(), notAfter, renewals: state.renewals + 1 });
  const until = new Date(notAfter).toISOString();
  ports.log('renewed', because, { until, serialNumber, issuer });
  await ports.notify({ kind: 'renewed', text: `the certificate of ${config.names.join(', ')} was renewed, because ${because}; it is good until ${until}` });
};

/** @returns what was decided; a renewal that failed is told of and tried again later. @throws Error when the cluster can't be asked */
export const look = async (config: RenewerConfig, ports: RenewerPorts, state: RenewerState): Promise<RenewalDecision> => {
  const installed = await ports.installed();
  state.notAfter = notAfterOf(installed);
  const decision = decideRenewal(config, { installed, roots: ports.roots(), now: ports.now(), failedAt: state.failedAt });
  Object.assign(state, { lastLookAt: ports.now(), decision: decision.kind });
  if (decision.kind === 'hold') return decision;
  try {
    await renew(config, ports, state, installed, decision.because);
  } catch (error) {
    const why = reasonOf(error);
    Object.assign(state, { failedAt: ports.now(), failures: state.failures + 1, lastFailure: why });
    ports.log('not renewed', why, { due: decision.because, failures: state.failures });
    await ports.notify({ kind: 'failed', text: `the certificate of ${config.names.join(', ')} could not be renewed (try ${state.failures}): ${why}` });
  }
  return decision;
};
