import type { LoggerService } from '@nestjs/common';

/**
 * What the rooms have to say while a command runs, as lines on standard error: standard output is the command's own.
 */
export class StderrLogger implements LoggerService {
  log(): void {
    // What went well, the command says itself.
  }

  warn(message: unknown): void {
    process.stderr.write(`warning: ${lineOf(message)}\n`);
  }

  error(message: unknown): void {
    process.stderr.write(`error: ${lineOf(message)}\n`);
  }

  fatal(message: unknown): void {
    this.error(message);
  }
}

/** `msg` first, then the fields: `a stored user key does not open (userId: …, reason: …)`. */
function lineOf(message: unknown): string {
  if (message instanceof Error) return message.message;
  if (typeof message !== 'object' || message === null) return String(message);
  const { msg = '', ...fields } = message as Readonly<Record<string, unknown>>;
  const rest = Object.entries(fields).map(([name, value]) => `${name}: ${String(value)}`);
  return rest.length === 0 ? String(msg) : `${String(msg)} (${rest.join(', ')})`;
}
