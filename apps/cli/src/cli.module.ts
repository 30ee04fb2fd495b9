import { Module } from '@nestjs/common';
import { CommandRunnerModule } from 'nest-commander';
import { Deployment } from './deployment/deployment.js';
import { ImportCommand } from './import/import.command.js';
import { ImportJsonCommand } from './import/json.command.js';
import { MigrationsCommand } from './migrations/migrations.command.js';
import { PrintMigrationsCommand } from './migrations/print.command.js';
import { ProgramHelp } from './program.js';
import { RunMigrationsCommand } from './migrations/run.command.js';

/** Every command; one is added by its class here. */
@Module({
  imports: [CommandRunnerModule],
  providers: [
    ProgramHelp,
    Deployment,
    ImportCommand,
    ImportJsonCommand,
    MigrationsCommand,
    PrintMigrationsCommand,
    RunMigrationsCommand,
  ],
})
export class CliModule {}
