/** One line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Collects what a process prints, and parses the lines that are JSON objects. */
export class LogReader {
  readonly lines: LogLine[] = [];
  text = '';
  private rest = '';

  /** Standard error: kept as text, never parsed. */
  addText(chunk: string): void {
    this.text += chunk;
  }

  /** Standard output: log lines, which may arrive in pieces. */
  add(chunk: string): void {
    this.addText(chunk);
    const parts = (this.rest + chunk).split('\n');
    this.rest = parts.pop() ?? '';
    for (const part of parts) {
      const line = parse(part);
      if (line !== undefined) this.lines.push(line);
    }
  }
}

function parse(text: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as LogLine) : undefined;
  } catch {
    return undefined;
  }
}
