import { version } from '@key-connector/common';
import { CommandFactory } from 'nest-commander';
import { CliModule } from './cli.module.js';
import { reportFailure } from './report-failure.js';

/** Runs the command that the arguments of this process name. */
export function run(): Promise<void> {
  return CommandFactory.run(CliModule, { version, serviceErrorHandler: reportFailure });
}
