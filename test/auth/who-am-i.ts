import {
  AccessTokenGuard,
  AuthModule,
  type AuthOptions,
  authSettingsSchema,
  CurrentUser,
  SigningKeys,
} from '@key-connector/auth';
import { KeyConnectorError, UnavailableError, type UserId } from '@key-connector/common';
import { Metrics, metricsSettingsSchema, ObservabilityModule } from '@key-connector/observability';
import { type ArgumentsHost, Catch, Controller, type ExceptionFilter, Get, UseGuards } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyReply } from 'fastify';

/** What the test service answered. */
export interface Answer {
  readonly status: number;
  /** The member the token names. */
  readonly id?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly message?: string;
  /** Seconds. */
  readonly retryAfter?: number;
}

/** A service on a real socket whose one route says who the caller is. */
export interface WhoAmI {
  readonly port: number;
  readonly signingKeys: SigningKeys;
  readonly metrics: Metrics;
  /** Every logged object, the audit events among them. */
  readonly log: readonly Record<string, unknown>[];
  /** Asks with a token; `undefined` sends no header. */
  readonly ask: (token: string | undefined) => Promise<Answer>;
  /** Asks with exactly these headers. */
  readonly askWith: (headers: Record<string, string>, path?: string) => Promise<Answer>;
  stop(): Promise<void>;
}

@Controller('who-am-i')
class WhoAmIController {
  @Get()
  @UseGuards(AccessTokenGuard)
  whoAmI(@CurrentUser() id: UserId): { id: UserId } {
    return { id };
  }
}

const statusOf: Partial<Record<string, number>> = {
  TOKEN_MISSING: 401,
  TOKEN_INVALID: 401,
  SCOPE_INSUFFICIENT: 403,
  ISSUER_UNAVAILABLE: 503,
};

@Catch()
class AnswerFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const known = error instanceof KeyConnectorError ? error : undefined;
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(statusOf[known?.code ?? ''] ?? 500).send({
      code: known?.code,
      reason: known !== undefined && 'reason' in known ? known.reason : undefined,
      message: known?.message,
      retryAfter: known instanceof UnavailableError ? known.retryAfterSeconds : undefined,
    });
  }
}

/** Starts the service with the defaults but for `options`; the first load of the keys is over when it resolves. */
export async function startWhoAmI(options: Partial<AuthOptions>): Promise<WhoAmI> {
  const log: Record<string, unknown>[] = [];
  const keep = (entry: unknown): void => {
    if (typeof entry === 'object' && entry !== null) log.push(entry as Record<string, unknown>);
  };
  const observability = ObservabilityModule.forRoot(metricsSettingsSchema.parse({}));
  const useFactory = (): AuthOptions => ({ ...authSettingsSchema.parse({}), ...options });
  const module = await Test.createTestingModule({
    imports: [AuthModule.forRootAsync({ imports: [observability], useFactory })],
    controllers: [WhoAmIController],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(
    // Larger than the real service allows, so that the library itself meets large tokens.
    new FastifyAdapter({ http: { maxHeaderSize: 256 * 1024 } }),
    { logger: { log: keep, warn: keep, error: keep } },
  );
  app.useGlobalFilters(new AnswerFilter());
  await app.listen(0, '127.0.0.1');
  const signingKeys = app.get(SigningKeys);
  await signingKeys.prefetch();

  const uri = await app.getUrl();
  const askWith = async (headers: Record<string, string>, path = '/who-am-i'): Promise<Answer> => {
    const response = await fetch(`${uri}${path}`, { headers });
    return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
  };
  return {
    port: Number(new URL(uri).port),
    signingKeys,
    metrics: app.get(Metrics),
    log,
    askWith,
    ask: (token) => askWith(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    stop: () => app.close(),
  };
}
