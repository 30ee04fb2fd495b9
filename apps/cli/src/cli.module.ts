import { Module } from '@nestjs/common';
import { Deployment } from './deployment/deployment.js';
import { groups, Program, single } from './program.js';
import { TerminalModule } from './terminal/terminal.module.js';

/** The program and its commands. */
@Module({
  imports: [TerminalModule],
  providers: [Program, Deployment, ...groups.flatMap(({ commands }) => commands), ...single],
})
export class CliModule {}
