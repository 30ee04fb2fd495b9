import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { DatabaseSettings } from './database.settings.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: DATABASE_SETTINGS } =
  new ConfigurableModuleBuilder<DatabaseSettings>().setClassMethodName('forRoot').build();
