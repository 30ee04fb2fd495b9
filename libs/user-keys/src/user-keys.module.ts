import { type DynamicModule, Module } from '@nestjs/common';
import { AccessRecorder } from './access-recorder.js';
import { HistorySweeper } from './history-sweeper.js';
import { KeptKeys } from './kept-keys.js';
import { MemberKeys } from './member-keys.js';
import { ReplaceGuard } from './replace-guard.js';
import { UserKeyReader } from './user-key-reader.js';
import { UserKeyWriter } from './user-key-writer.js';
import { UserKeysController } from './user-keys.controller.js';
import { ConfigurableModuleClass, USER_KEYS_SETTINGS } from './user-keys.module-definition.js';
import type { UserKeysSettings } from './user-keys.settings.js';
import { UserKeys } from './user-keys.js';

/** Serves `/user-keys`. Give it AuthModule, DatabaseModule, KeyRingModule and ObservabilityModule in `imports`. */
@Module({
  controllers: [UserKeysController],
  providers: [AccessRecorder, HistorySweeper, KeptKeys, ReplaceGuard, UserKeyReader, UserKeyWriter, UserKeys],
})
export class UserKeysModule extends ConfigurableModuleClass {}

/** Gives operators' commands MemberKeys, without HTTP and tokens. */
@Module({ providers: [KeptKeys, MemberKeys, ReplaceGuard, UserKeyWriter], exports: [MemberKeys] })
export class MemberKeysModule {
  /** On the rooms that it stands on: DatabaseModule, KeyRingModule and ObservabilityModule. */
  static on(settings: UserKeysSettings, ...rooms: DynamicModule[]): DynamicModule {
    return {
      module: MemberKeysModule,
      imports: rooms,
      providers: [{ provide: USER_KEYS_SETTINGS, useValue: settings }],
    };
  }
}
