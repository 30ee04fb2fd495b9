export { AuditLog, type AuditEvent } from './audit-log.js';
export { Audited, type AuditedConfig, AuditUnavailable } from './audited.decorator.js';
export { createLogger } from './logger.js';
export { logSettingsSchema, type LogSettings } from './log.settings.js';
export { Metrics } from './metrics.js';
export { MetricsServer } from './metrics.server.js';
export { metricsSettingsSchema, type MetricsSettings } from './metrics.settings.js';
export { ObservabilityModule } from './observability.module.js';
export { PinoLoggerService } from './pino-logger-service.js';
