import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { AuthOptions } from './auth.settings.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: AUTH_OPTIONS } =
  new ConfigurableModuleBuilder<AuthOptions>().setClassMethodName('forRoot').build();
