import { CommandRunner } from 'nest-commander';

/** A command that only holds others: by itself it says which there are. */
export abstract class CommandGroup extends CommandRunner {
  run([unknown]: string[]): Promise<void> {
    if (unknown !== undefined) this.command.error(`error: unknown command '${unknown}'`);
    this.command.help({ error: true });
  }
}
