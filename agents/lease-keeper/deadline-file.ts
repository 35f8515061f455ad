/** The file that `holdfast_commit_guard` reads at every commit (images/patroni/holdfast_commit_guard.c): one line of fixed length, replaced as a whole. */
import { renameSync, writeFileSync } from 'node:fs';

const DIGITS = 20;
const NANOSECONDS = 1_000_000_000;

/** @param deadline seconds of CLOCK_BOOTTIME */
export const deadlineLine = (deadline: number, bootId: string): string =>
  `${BigInt(Math.floor(deadline * NANOSECONDS))
    .toString()
    .padStart(DIGITS, '0')} ${bootId}\n`;

export class DeadlineFile {
  /** Of this process. Another one's is not read: it may have been longer, and stands until this one has something later. */
  private written = 0;

  constructor(
    private readonly file: string,
    private readonly bootId: string,
  ) {}

  get deadline(): number | undefined {
    return this.written === 0 ? undefined : this.written;
  }

  /**
   * Never backwards: an answer that came late does not shorten what a later question was granted.
   * @throws Error when it can't be written: the deadline that stands there passes then
   */
  extendTo(deadline: number): void {
    if (deadline <= this.written) return;
    writeFileSync(`${this.file}.new`, deadlineLine(deadline, this.bootId), { mode: 0o640 });
    renameSync(`${this.file}.new`, this.file);
    this.written = deadline;
  }
}
