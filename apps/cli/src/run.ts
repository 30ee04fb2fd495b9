import { CommanderError } from 'commander';
import { CliModule } from './cli.module.js';
import { useContext } from './deployment/use-context.js';
import { Program } from './program.js';
import { Output } from './terminal/output.js';

/**
 * Runs the command that the arguments of this process name. When it fails, standard error says why, and the exit code
 * of what kind.
 */
export async function run(): Promise<void> {
  await useContext(CliModule, async (context) => {
    try {
      await context.get(Program).run();
    } catch (error) {
      // Help and the version, which were asked for.
      if (error instanceof CommanderError && error.exitCode === 0) return;
      await context.get(Output, { strict: false }).failure(error);
    }
  });
}
