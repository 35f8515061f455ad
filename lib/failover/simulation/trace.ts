/** What happened, as one number that two runs of the same seed share, and as lines for whoever looks at one seed. */
export class Trace {
  readonly lines: string[] = [];
  private hash = 0x811c9dc5;
  events = 0;

  constructor(private readonly keeps: boolean) {}

  note(time: number, what: string): void {
    this.events++;
    const line = `${(time / 1000).toFixed(3).padStart(8)} ${what}`;
    let hash = this.hash;
    for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
    this.hash = hash;
    if (this.keeps) this.lines.push(line);
  }

  get digest(): string {
    return (this.hash >>> 0).toString(16).padStart(8, '0');
  }
}
