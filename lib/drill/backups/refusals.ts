/** Judges commands that have to be refused: pure, from what they said. */
import { fail, pass, type Finding } from '../verdict';

export interface Refusal {
  /** Name of the check. */
  readonly check: string;
  readonly exitCode: number | null;
  /** The last lines of what it said. */
  readonly said: string;
  /** What it has to say. */
  readonly says: RegExp;
}

/** Exit code 1 is "no, and here is why"; anything else is a defect or, worse, a yes. */
export const refusalFinding = ({ check, exitCode, said, says }: Refusal): Finding => {
  if (exitCode !== 1) return fail(check, `exit ${exitCode ?? 'by a signal'}, expected 1: ${said.slice(-300)}`);
  return (says.test(said) ? pass : fail)(check, `refused: ${said.trim().slice(-300)}`);
};
