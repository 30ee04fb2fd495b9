import { Module } from '@nestjs/common';
import { AuditLog } from './audit-log.js';
import { Metrics } from './metrics.js';
import { MetricsServer } from './metrics.server.js';
import { ConfigurableModuleClass } from './observability.module-definition.js';

/** Metrics and audit log, for the rooms that import it. */
@Module({ providers: [AuditLog, Metrics, MetricsServer], exports: [AuditLog, Metrics, MetricsServer] })
export class ObservabilityModule extends ConfigurableModuleClass {}
