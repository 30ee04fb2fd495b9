/** Lines wait until there are this many characters of them. */
const FLUSH_CHARACTERS = 12 * 1024;

/** Joins log lines before they go to a stream: the stream's cost of a write grows with what already waits in it. */
export class LineBuffer {
  private lines: string[] = [];
  private characters = 0;

  constructor(private readonly stream: { write(text: string): unknown }) {}

  /** Takes one line, with its line end. */
  write(line: string): void {
    this.lines.push(line);
    this.characters += line.length;
    if (this.characters >= FLUSH_CHARACTERS) this.flush();
  }

  /** Hands over what waits. */
  flush(): void {
    if (this.lines.length === 0) return;
    const text = this.lines.join('');
    this.lines = [];
    this.characters = 0;
    this.stream.write(text);
  }
}
