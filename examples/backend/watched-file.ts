import { readFile } from 'node:fs/promises';

const PERIOD_MS = 1000;

/**
 * A file that people and commands change while the service runs. Read again every second: a ConfigMap's files are exchanged by a link, which watching a file does not see.
 * What is not valid is told and not used: the last valid content stays in force. A file that is not there is `absent`.
 */
export class WatchedFile<T> {
  private value: T;
  private text: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly path: string,
    private readonly read: (text: string) => T,
    private readonly absent: T,
    private readonly onProblem: (error: unknown) => void,
  ) {
    this.value = absent;
  }

  get current(): T {
    return this.value;
  }

  async start(): Promise<void> {
    await this.look();
    const again = (): void => {
      if (this.stopped) return;
      this.timer = setTimeout(() => void this.look().finally(again), PERIOD_MS);
      this.timer.unref();
    };
    again();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  async look(): Promise<void> {
    try {
      const text = await readFile(this.path, 'utf8').catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      });
      if (text === this.text) return;
      this.text = text;
      this.value = text === undefined ? this.absent : this.read(text);
    } catch (error) {
      this.onProblem(error);
    }
  }
}
