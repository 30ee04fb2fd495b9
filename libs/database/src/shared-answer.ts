/** An answer, good or bad, that all share who ask while it is awaited or young. */
export class SharedAnswer<T> {
  private answer: Promise<T> | undefined;
  private until = Infinity;

  constructor(
    private readonly ask: () => Promise<T>,
    private readonly milliseconds: number,
  ) {}

  get(): Promise<T> {
    if (this.answer !== undefined && performance.now() < this.until) return this.answer;
    this.until = Infinity;
    this.answer = this.ask().finally(() => (this.until = performance.now() + this.milliseconds));
    return this.answer;
  }
}
