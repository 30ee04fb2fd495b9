import { Command } from 'nest-commander';
import { CommandGroup } from '../command-group.js';
import { ImportJsonCommand } from './json.command.js';

@Command({
  name: 'import',
  description: 'bring the keys of another store into the database',
  subCommands: [ImportJsonCommand],
})
export class ImportCommand extends CommandGroup {}
