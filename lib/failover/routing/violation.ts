/** What the verifier finds. */

export interface RoutingViolation {
  /** Which rule, in lower case with hyphens. */
  readonly rule: string;
  /** The record or the check that it is about, by its id in the templates; or a name. */
  readonly where: string;
  /** What is wrong, and in which case, in full: name, place of the client, state of the health checks. */
  readonly message: string;
  /** In so many cases; the message describes the first, which differs least from a healthy environment. 0: it holds always. */
  readonly cases: number;
}

export const violationText = ({ rule, where, message, cases }: RoutingViolation): string =>
  `${rule}: ${where}: ${message}${cases > 1 ? ` (and in ${cases - 1} more ${cases === 2 ? 'case' : 'cases'})` : ''}`;
