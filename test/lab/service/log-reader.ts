/** One line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Puts a log together that arrives in pieces, and parses the lines that are JSON objects. */
export class LogReader {
  readonly lines: LogLine[] = [];
  private rest = '';

  add(chunk: string): void {
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
