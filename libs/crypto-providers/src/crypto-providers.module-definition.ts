import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { KeyProviderSettings } from './key-provider.settings.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: KEY_PROVIDER_SETTINGS } =
  new ConfigurableModuleBuilder<KeyProviderSettings>().setClassMethodName('forRoot').build();
