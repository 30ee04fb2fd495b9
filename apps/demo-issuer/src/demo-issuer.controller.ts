import { Controller, Get, Header, ParseUUIDPipe, Query } from '@nestjs/common';
import type { JSONWebKeySet } from 'jose';
import { DemoSigner } from './demo-signer.js';

/** Discovery, key set and tokens. */
@Controller()
export class DemoIssuerController {
  constructor(private readonly signer: DemoSigner) {}

  @Get('.well-known/openid-configuration')
  discovery(): { issuer: string; jwks_uri: string } {
    return { issuer: this.signer.issuer, jwks_uri: `${this.signer.issuer}/jwks` };
  }

  @Get('jwks')
  jwks(): JSONWebKeySet {
    return this.signer.keySet;
  }

  /** The bare token, so that `$(curl …)` can stand in a header. */
  @Get('token')
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-store')
  token(@Query('user', ParseUUIDPipe) userId: string): Promise<string> {
    return this.signer.tokenFor(userId);
  }
}
