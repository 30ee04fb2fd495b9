/** A line of so few is no flood, and too short to tell how fast it moves. */
const SHORT = 100;

/** How long the line's way is measured at a time, in milliseconds. */
const STRETCH = 1000;

/** So many stretches are known before anybody is refused; the best of them counts, since any of them may hiccup. */
const STRETCHES = 2;

/** When nobody was served for so long, something was away: that says nothing of how fast the line moves. */
const PAUSE = 2000;

/**
 * The requests that wait for their answers, in the order in which they came, and how long a newcomer would wait behind
 * them: as long as the line takes, at the speed at which it moved of late.
 *
 * Nobody knows the speed of a line that is short, that has not been long for two seconds, or that does not move at all
 * since a dependency is away: then everybody is let in.
 */
export class WaitingLine {
  /** The number of the newest who was let in, and the newest number that was served. */
  private newest = 0;
  private reached = 0;
  private present = 0;
  private stretch: { readonly since: number; readonly from: number } | undefined;
  private servedAt = -Infinity;
  /** Numbers in a millisecond, of the last stretches. */
  private speeds: readonly number[] = [];

  /** How many wait: those who came after the newest who was served, so that one who is stuck holds up nobody. */
  get length(): number {
    return Math.min(this.newest - this.reached, this.present);
  }

  /** Milliseconds that a newcomer would wait; 0 where nobody knows. */
  get wait(): number {
    const known = this.speeds.length === STRETCHES && this.length > SHORT;
    return known ? this.length / Math.max(...this.speeds) : 0;
  }

  /** Lets one in, who has this number from now on. */
  enter(): number {
    this.present += 1;
    this.newest += 1;
    return this.newest;
  }

  /** Lets this one go; `served` when it got what it came for, which is how the line moves. */
  leave(number: number, served: boolean, now: number): void {
    this.present -= 1;
    if (served && number > this.reached) this.reached = number;
    // Not at the first one below it: a line that is held at this length would never be measured.
    if (this.length < SHORT / 2) this.forget();
    else if (served) this.measure(now);
  }

  private measure(now: number): void {
    if (now - this.servedAt > PAUSE) this.forget();
    this.servedAt = now;
    this.stretch ??= { since: now, from: this.reached };
    const { since, from } = this.stretch;
    if (now - since < STRETCH) return;
    const speed = (this.reached - from) / (now - since);
    if (speed > 0) this.speeds = [...this.speeds, speed].slice(-STRETCHES);
    this.stretch = undefined;
  }

  private forget(): void {
    this.stretch = undefined;
    this.speeds = [];
  }
}
