import { type DynamicModule, Module } from '@nestjs/common';
import { KeyServiceClient } from './key-service.client.js';
import { KEY_SERVICE_OPTIONS, type KeyServiceOptions } from './key-service-options.js';
import { RemoteKeys } from './remote-keys.js';

@Module({ providers: [KeyServiceClient, RemoteKeys] })
export class KeyServiceModule {
  static forRoot(options: KeyServiceOptions): DynamicModule {
    return { module: KeyServiceModule, providers: [{ provide: KEY_SERVICE_OPTIONS, useValue: options }] };
  }
}
