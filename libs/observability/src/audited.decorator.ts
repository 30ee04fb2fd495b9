import { UnavailableError } from '@key-connector/common';
import { applyDecorators, type CanActivate, Injectable, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { KeyEvent } from './audit-log.js';
import { standardOutput } from './log-output.js';

/** The part of a Fastify route's `config` that {@link Audited} sets. */
export interface AuditedConfig {
  readonly audited?: KeyEvent;
}

/** So many lines wait to be written that nobody seems to take them: nothing is changed that could not be recorded. */
export class AuditUnavailable extends UnavailableError {
  readonly code = 'AUDIT_UNAVAILABLE';
  override readonly retryAfterSeconds = 5;

  constructor() {
    super('The log is not taken, so no write is: its audit line could be lost. Look at where standard output goes.');
  }
}

@Injectable()
class AuditGuard implements CanActivate {
  canActivate(): boolean {
    if (standardOutput.full) throw new AuditUnavailable();
    return true;
  }
}

/**
 * A route that does something to a key: every request to it that has a good token leaves an audit line under this name.
 * It is refused with 503 before it begins while the log cannot take the line.
 *
 * @example
 * @Put()
 * @Audited('user-key.replace')
 */
export const Audited = (event: KeyEvent): MethodDecorator =>
  applyDecorators(RouteConfig({ audited: event } satisfies AuditedConfig), UseGuards(AuditGuard));
