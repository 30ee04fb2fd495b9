import { type DynamicModule, Module } from '@nestjs/common';

import { Settings } from './settings.js';

/** Provides {@link Settings} everywhere. */
@Module({})
export class SettingsModule {
  /** Takes settings that were loaded before Nest starts, so that a wrong one stops the boot first. */
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: SettingsModule,
      global: true,
      providers: [{ provide: Settings, useValue: settings }],
      exports: [Settings],
    };
  }
}
