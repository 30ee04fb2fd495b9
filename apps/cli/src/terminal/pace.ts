/** The last seconds count: what was done an hour ago says nothing of now. */
const windowMs = 30_000;

/** How fast something goes, over its last 30 seconds. */
export class Pace {
  private readonly samples: { readonly at: number; readonly done: number }[] = [];

  /** @param now milliseconds of a clock that never jumps. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Notes how much is done. */
  note(done: number): void {
    const at = this.now();
    const last = this.samples.at(-1);
    // One sample in 100 ms: a call for each of a million rows keeps no million of them.
    if (last !== undefined && this.samples.length > 1 && at - last.at < 100) this.samples.pop();
    this.samples.push({ at, done });
    while (this.samples.length > 2 && at - (this.samples[1]?.at ?? at) > windowMs) this.samples.shift();
  }

  /** A second's worth; 0 before anything is done. */
  get perSecond(): number {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined) return 0;
    // To this moment, so that what stands still slows down.
    const seconds = (this.now() - first.at) / 1000;
    return seconds > 0 ? (last.done - first.done) / seconds : 0;
  }

  /** Seconds until all is done at this pace; `undefined` where nothing moves. */
  secondsLeft(done: number, total: number): number | undefined {
    return this.perSecond > 0 ? Math.max(0, total - done) / this.perSecond : undefined;
  }
}
