/** How a step of the failover ends when it does not succeed. The workflow tells them apart by name. */

/** The decision is no, with the reason. Never tried again. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** What was asked for is done already, by another attempt at the same change. Never tried again, and nobody is called. */
export class CarriedOut extends Error {
  override readonly name = 'CarriedOut';
}

/** Nothing is wrong, and it is not time yet: asked again in a moment. */
export class NotYet extends Error {
  override readonly name = 'NotYet';
}

/** Somebody who is needed gave no answer, in time or at all. Nothing is known of what became of the question. Tried again with a growing pause. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}
