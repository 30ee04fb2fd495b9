import { Logger } from '@nestjs/common';
import type { AuthOptions } from './auth.settings.js';
import { quoted } from './json/quoted.js';
import type { IssuerDiffers } from './token/token.errors.js';

/** A line in so many milliseconds is enough: every request of a misconfigured service has the same to tell. */
const PAUSE = 60_000;

/** Tells operators which issuer is expected and which one came: the answer to the caller says neither. */
export class OtherIssuers {
  private readonly logger = new Logger('Auth');
  private readonly advice: string;
  private toldAt = Number.NEGATIVE_INFINITY;

  constructor({ jwksUri, publicKeyPath }: Pick<AuthOptions, 'jwksUri' | 'publicKeyPath'>) {
    const isGiven = (jwksUri ?? publicKeyPath) !== undefined;
    this.advice = isGiven
      ? 'if it is yours, set auth__issuer to it, to the letter'
      : 'the expected one is what the discovery document says, so the identity server disagrees with itself';
  }

  /** Logs one line a minute at most. */
  tell({ expected, came }: IssuerDiffers): void {
    const now = performance.now();
    if (now - this.toldAt < PAUSE) return;
    this.toldAt = now;
    this.logger.warn({
      msg: `a token with a good signature names another issuer: ${this.advice}`,
      expected: quoted(expected),
      came: quoted(came),
    });
  }
}
