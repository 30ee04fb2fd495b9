import { Module } from '@nestjs/common';
import { Deployment } from './deployment/deployment.js';
import { LayoutRun } from './layout/layout-run.js';
import { groups, Program, single } from './program.js';
import { NewShares } from './recovery/new-shares.js';
import { PrivateHalf } from './recovery/private-half.js';
import { TerminalModule } from './terminal/terminal.module.js';

/** The program and its commands. */
@Module({
  imports: [TerminalModule],
  providers: [
    Program,
    Deployment,
    LayoutRun,
    NewShares,
    PrivateHalf,
    ...groups.flatMap(({ commands }) => commands),
    ...single,
  ],
})
export class CliModule {}
