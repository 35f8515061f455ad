/** What the command's exit code means; docs/cli.md lists the same. */
export const EXIT = {
  ok: 0,
  /** The answer is no: violations found, a check failed, a lab unhealthy, a drill that failed. */
  failed: 1,
  /** The command line is wrong: unknown command, option, environment, drill. */
  usage: 2,
  /** This machine can't do it: not Linux, not root, missing programs, no disk space. */
  notPossible: 3,
  /** A lab of that name is already running. */
  exists: 4,
  /** No lab of that name is running. */
  notUp: 5,
  /** A drill that could not be judged. */
  unknown: 6,
  /** A defect of Holdfast. */
  defect: 70,
  interrupted: 130,
} as const;

/** An error whose message is all that a user needs: printed plainly, without a stack trace. */
export class ExpectedError extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
    this.name = 'ExpectedError';
  }
}

export class UsageError extends ExpectedError {
  constructor(message: string) {
    super(message, EXIT.usage);
    this.name = 'UsageError';
  }
}
