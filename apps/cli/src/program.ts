import { Injectable } from '@nestjs/common';
import { InjectCommander } from 'nest-commander';

/** As much of commander's `Command` as is used here; it is nest-commander's dependency. */
abstract class Program {
  abstract name(name: string): this;
  abstract description(text: string): this;
  abstract addHelpText(position: 'after', text: string): this;
}

const help = `
Settings are the service’s own: the same environment variables (keyConnectorSettings__…) and
YAML file (KEY_CONNECTOR_CONFIG). Results go to standard output, warnings and errors to standard
error; the exit code is 0, or 1 when something failed.`;

/** Names the program, whatever path it was started by, and says where its settings come from. */
@Injectable()
export class ProgramHelp {
  constructor(@InjectCommander() program: Program) {
    program
      .name('key-connector')
      .description('Commands for the operators of a Key Connector.')
      .addHelpText('after', help);
  }
}
