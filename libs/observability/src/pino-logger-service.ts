import type { LoggerService } from '@nestjs/common';
import type { AuditEvent } from './audit-log.js';
import type { LineRank } from './log-output.js';
import type { RankedLogger } from './logger.js';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Contexts under which Nest tells how it put the modules together: some forty lines a start. */
const wiring: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** Nest's logger on pino: an object becomes the line's fields, text becomes its `msg`; the last text is the context. */
export class PinoLoggerService implements LoggerService {
  constructor(private readonly pino: RankedLogger) {}

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(wiring.has(rest.at(-1)) ? 'debug' : 'info', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const context = rest.at(-1);
    const where = typeof context === 'string' ? { context } : {};
    const fields = fieldsOf(message);
    this.pino[rankOf(context, fields)][level]({ ...where, ...fields });
  }
}

/** Requests and refusals are what anybody can cause without end; the other audit lines are what was done to keys. */
function rankOf(context: unknown, { outcome }: Partial<AuditEvent>): LineRank {
  if (context === 'Request') return 'flood';
  if (context !== 'Audit') return 'ordinary';
  return outcome === 'refused' ? 'flood' : 'kept';
}

/** Of an error only name, message and stack: drivers hang statements and their parameters on theirs. */
function fieldsOf(message: unknown): object {
  if (message instanceof Error) return { msg: message.message, error: message.name, stack: message.stack };
  if (typeof message === 'object' && message !== null) return message;
  return { msg: String(message) };
}
