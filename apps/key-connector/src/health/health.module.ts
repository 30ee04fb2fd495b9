import { Module } from '@nestjs/common';
import { Settings } from '@key-connector/settings';
import { TerminusModule } from '@nestjs/terminus';
import { BootModule } from '../boot/boot.module.js';
import { HealthController } from './health.controller.js';
import { Readiness } from './readiness.js';

@Module({
  imports: [
    BootModule,
    TerminusModule.forRootAsync({
      inject: [Settings],
      // After the signal, readiness is false for this long before the server stops listening.
      useFactory: ({ http }: Settings) => ({ logger: false, gracefulShutdownTimeoutMs: http.drainDelaySeconds * 1000 }),
    }),
  ],
  controllers: [HealthController],
  providers: [Readiness],
})
export class HealthModule {}
