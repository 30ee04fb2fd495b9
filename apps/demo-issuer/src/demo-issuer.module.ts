import { type DynamicModule, Module } from '@nestjs/common';
import { DemoIssuerController } from './demo-issuer.controller.js';
import { DemoSigner } from './demo-signer.js';

/** An identity server for the demo: it gives anybody a token for any user, so it is no part of the product's build. */
@Module({})
export class DemoIssuerModule {
  static at(issuer: string): DynamicModule {
    return {
      module: DemoIssuerModule,
      controllers: [DemoIssuerController],
      providers: [{ provide: DemoSigner, useFactory: () => DemoSigner.create(issuer) }],
    };
  }
}
