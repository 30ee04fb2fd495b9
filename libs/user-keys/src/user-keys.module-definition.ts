import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { UserKeysSettings } from './user-keys.settings.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: USER_KEYS_SETTINGS } =
  new ConfigurableModuleBuilder<UserKeysSettings>().setClassMethodName('forRoot').build();
