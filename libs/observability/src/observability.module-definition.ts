import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { MetricsSettings } from './metrics.settings.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: METRICS_SETTINGS } =
  new ConfigurableModuleBuilder<MetricsSettings>().setClassMethodName('forRoot').build();
