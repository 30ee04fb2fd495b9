import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { KeyRingSettings } from './key-ring.settings.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: KEY_RING_SETTINGS } =
  new ConfigurableModuleBuilder<KeyRingSettings>().setClassMethodName('forRoot').build();
