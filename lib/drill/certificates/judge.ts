/** Judges what was told of a certificate that was not renewed, and what became of it. Pure. */
import type { CertificateThresholds } from '../../topology/types';
import type { ProcedureOutcome } from '../procedure-run';
import { fail, pass, unknown, type Finding } from '../verdict';

/** What the monitor said of one gateway at one moment. */
export interface Told {
  /** Seconds since the epoch. */
  readonly t: number;
  readonly endpoint: string;
  /** `ok`, `warning`, `high`, `critical`, `emergency`, `invalid` or `unknown`. */
  readonly level: string;
  /** Seconds since the epoch; null: nothing was seen. */
  readonly notAfter: number | null;
}

/** What the monitor says of one endpoint, as far as it is judged. */
export interface SeenCertificate extends Pick<Told, 'endpoint' | 'level'> {
  readonly component: string;
  /** `notAfter` in milliseconds since the epoch; null: nothing was seen. */
  readonly certificate: { readonly notAfter: number } | null;
}

export const toldOf = (t: number, served: readonly SeenCertificate[], component: string): readonly Told[] =>
  served
    .filter((s) => s.component === component)
    .map(({ endpoint, level, certificate }) => ({ t, endpoint, level, notAfter: certificate === null ? null : certificate.notAfter / 1000 }));

export interface FailingRun {
  readonly thresholds: CertificateThresholds;
  /** When the certificate of the drill ends, seconds since the epoch. */
  readonly notAfter: number;
  readonly told: readonly Told[];
  /** The monitor's pause between two looks, and what is allowed besides. */
  readonly toleranceSeconds: number;
  /** Whether all pods of the gateway were ready when their certificate had expired; null: not looked. */
  readonly readyWhenExpired: boolean | null;
  /** When the cause was taken away; null: it was not. */
  readonly healedAt: number | null;
  /** When every gateway served a good one again; null: not in time. */
  readonly servedAt: number | null;
  readonly objectiveSeconds: number;
  readonly budgetUpperSeconds: number;
  /** Accounts that the renewer registered because the authority had lost them. */
  readonly accountsRegisteredAnew: number;
  /** Times that a renewal failed before. */
  readonly failures: number;
}

const LEVELS = ['warning', 'high', 'critical', 'emergency'] as const;

/** Everybody who serves the drill's certificate is told of, and in time; nobody before it is due. */
const levelFinding = (run: FailingRun, level: (typeof LEVELS)[number]): Finding => {
  const { thresholds, notAfter, told, toleranceSeconds } = run;
  const check = `told-${level}`;
  const due = notAfter - thresholds[level];
  const about = told.filter((s) => s.notAfter === notAfter);
  const endpoints = [...new Set(about.map((s) => s.endpoint))];
  if (endpoints.length === 0) return unknown(check, 'no gateway was seen with the certificate of the drill');
  const first = (endpoint: string): number | undefined => about.find((s) => s.endpoint === endpoint && s.level === level)?.t;
  const late = endpoints.filter((endpoint) => {
    const at = first(endpoint);
    return at === undefined || at > due + toleranceSeconds;
  });
  const early = about.filter((s) => s.level === level && s.t < due - toleranceSeconds);
  if (late.length > 0) return fail(check, `not told within ${toleranceSeconds} s of ${thresholds[level]} s left: ${late.join(', ')}`);
  if (early.length > 0) return fail(check, `told too early: ${early[0]?.endpoint ?? ''}`);
  const worst = Math.max(...endpoints.map((endpoint) => (first(endpoint) ?? 0) - due));
  return pass(check, `by all ${endpoints.length} gateways, at most ${worst.toFixed(1)} s after ${thresholds[level]} s were left`);
};

const expiredFinding = ({ told, notAfter, toleranceSeconds }: FailingRun): Finding => {
  const check = 'told-expired';
  const after = told.filter((s) => s.notAfter === notAfter && s.t > notAfter + toleranceSeconds);
  if (after.length === 0) return unknown(check, 'nobody looked after the certificate had expired');
  const wrong = after.filter((s) => s.level !== 'invalid');
  return wrong.length === 0
    ? pass(check, `all ${after.length} looks say that clients refuse it`)
    : fail(check, `${wrong.length} of ${after.length} looks say ${wrong[0]?.level ?? ''} of an expired certificate`);
};

/** That the objects say so is what makes looking at what is served worth while: without it the drill proves nothing of that. */
const readyFinding = ({ readyWhenExpired }: FailingRun): Finding => {
  if (readyWhenExpired === null) return unknown('objects-say-ready', 'nobody looked at the pods when the certificate had expired');
  return readyWhenExpired
    ? pass('objects-say-ready', 'every gateway’s pod was Ready with an expired certificate: only a look at what is served tells')
    : unknown('objects-say-ready', 'a gateway’s pod was not Ready, so that the objects told, too');
};

const recoveryFinding = ({ healedAt, servedAt, objectiveSeconds, budgetUpperSeconds }: FailingRun): Finding => {
  if (healedAt === null) return unknown('served-again', 'the cause was not taken away');
  if (servedAt === null) return fail('served-again', `no good certificate within ${objectiveSeconds} s`);
  const took = servedAt - healedAt;
  const detail = `${took.toFixed(1)} s after the authority’s return; allowed are ${Math.min(objectiveSeconds, budgetUpperSeconds)} s`;
  return took > Math.min(objectiveSeconds, budgetUpperSeconds) ? fail('served-again', detail) : pass('served-again', detail);
};

const accountFinding = ({ accountsRegisteredAnew, failures }: FailingRun): readonly Finding[] => [
  failures > 0 ? pass('renewal-failed', `${failures} tries failed`) : unknown('renewal-failed', 'no try failed: the fault did not strike'),
  accountsRegisteredAnew > 0 ? pass('account-anew', 'registered by the renewer itself') : fail('account-anew', 'the renewer registered no new account'),
];

export const judgeFailing = (run: FailingRun): Pick<ProcedureOutcome, 'measured' | 'findings'> => ({
  measured: {
    // Clients are refused from its end on; what is promised is how soon a good one is served once there is somebody who issues it.
    gapSeconds: run.servedAt === null || run.healedAt === null ? null : run.servedAt - run.healedAt,
    ackedLost: 0,
    readThenLost: 0,
    writablePrimaries: null,
    falseFailovers: 0,
    healthyAgainSeconds: run.servedAt === null || run.healedAt === null ? null : run.servedAt - run.healedAt,
  },
  findings: [...LEVELS.map((level) => levelFinding(run, level)), expiredFinding(run), readyFinding(run), ...accountFinding(run), recoveryFinding(run)],
});
