/** How long a call of an AWS service may take. The SDK's own default is no limit at all. */
import { NoAnswer, Refused } from '../../lib/failover/errors';

/** One repetition by the SDK itself, for a connection that was closed while it was idle; everything beyond is the caller's: it knows what else it can ask. */
const ATTEMPTS = 2;

export interface ClientLimits {
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly requestTimeout: number; readonly throwOnRequestTimeout: true };
}

/** @param timeout of one attempt, milliseconds */
export const limits = (timeout: number): ClientLimits => ({
  maxAttempts: ATTEMPTS,
  requestHandler: { connectionTimeout: timeout, requestTimeout: timeout, throwOnRequestTimeout: true },
});

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const FORBIDDEN = [
  'AccessDeniedException',
  'AccessDenied',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'AuthorizationErrorException',
  'AuthorizationError',
];
const MALFORMED = ['ValidationException', 'SerializationException', 'InvalidParameterException'];
const ABSENT = ['ResourceNotFoundException', 'NoSuchBucket', 'NotFoundException'];

/**
 * What a failed call means for a workflow: a permission or a resource that is missing is not repaired by asking again, everything else may pass.
 * @throws Refused or NoAnswer, always
 */
export const failCall = (what: string, error: unknown): never => {
  const [name, message] = [nameOf(error), messageOf(error)];
  if (FORBIDDEN.includes(name)) throw new Refused(`${what}: not permitted (${name}: ${message}); allow it in the policy of whoever asks`);
  if (ABSENT.includes(name)) throw new Refused(`${what}: there is no such thing (${name}: ${message}); deploy the environment's stacks`);
  if (MALFORMED.includes(name)) throw new Refused(`${what}: the request is not understood (${name}: ${message})`);
  throw new NoAnswer(`${what}: ${name === '' ? '' : `${name}: `}${message}`);
};

export const isNamed = (error: unknown, ...names: readonly string[]): boolean => names.includes(nameOf(error));
