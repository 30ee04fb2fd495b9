import { Module } from '@nestjs/common';
import { Deployment } from './deployment/deployment.js';
import { LayoutRun } from './layout/layout-run.js';
import { groups, Program, single } from './program.js';
import { TerminalModule } from './terminal/terminal.module.js';

/** The program and its commands. */
@Module({
  imports: [TerminalModule],
  providers: [Program, Deployment, LayoutRun, ...groups.flatMap(({ commands }) => commands), ...single],
})
export class CliModule {}
