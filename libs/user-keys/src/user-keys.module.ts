import { Module } from '@nestjs/common';
import { AccessRecorder } from './access-recorder.js';
import { ReplaceGuard } from './replace-guard.js';
import { UserKeyReader } from './user-key-reader.js';
import { UserKeyWriter } from './user-key-writer.js';
import { UserKeysController } from './user-keys.controller.js';
import { ConfigurableModuleClass } from './user-keys.module-definition.js';
import { UserKeys } from './user-keys.js';

/** Serves `/user-keys`. Give it AuthModule, DatabaseModule, KeyRingModule and ObservabilityModule in `imports`. */
@Module({
  controllers: [UserKeysController],
  providers: [AccessRecorder, ReplaceGuard, UserKeyReader, UserKeyWriter, UserKeys],
})
export class UserKeysModule extends ConfigurableModuleClass {}
