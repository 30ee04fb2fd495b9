import { KeyConnectorError } from '@key-connector/common';
import { CliModule } from './cli.module.js';
import { useContext } from './deployment/use-context.js';
import { Program } from './program.js';

/** Runs the command that the arguments of this process name. When it fails, the exit code is 1 and standard error says why. */
export async function run(): Promise<void> {
  try {
    await useContext(CliModule, (context) => context.get(Program).run());
  } catch (error) {
    process.stderr.write(`${textOf(error)}\n`);
    process.exitCode = 1;
  }
}

/** Only a bug of ours comes with a stack. */
function textOf(error: unknown): string {
  if (error instanceof KeyConnectorError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
