import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { KeyProviderSettings } from './key-provider.settings.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<KeyProviderSettings>()
  .setClassMethodName('forRoot')
  .build();
