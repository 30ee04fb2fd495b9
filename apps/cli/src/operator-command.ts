import type { Type } from '@nestjs/common';
import type { Command } from 'commander';

/** One command of the operator's tool, as a Nest provider: what it needs is injected. */
export abstract class OperatorCommand {
  /** Name, description, arguments, options, examples, and the action; it is called once, before the line is parsed. */
  abstract define(): Command;
}

/** The commands under one name: `key-connector migrations print`, `key-connector migrations run`. */
export interface CommandGroup {
  readonly name: string;
  readonly description: string;
  readonly commands: readonly Type<OperatorCommand>[];
}

/**
 * The last part of a command's help.
 *
 * @example
 * new Command('run').addHelpText('after', examples('migrations run'))
 */
export function examples(...lines: readonly string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  key-connector ${line}`)].join('\n');
}
