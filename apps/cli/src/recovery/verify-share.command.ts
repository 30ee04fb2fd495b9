import { openShare, type ShareFacts } from '@key-connector/recovery-keys';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';
import { Questions } from '../terminal/questions.js';
import { checkShare, readShares } from './share-files.js';

@Injectable()
export class VerifyShareCommand extends OperatorCommand {
  constructor(
    private readonly questions: Questions,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('verify-share')
      .description(
        'say what a share belongs to and that it is undamaged, by itself: no other share, settings or database',
      )
      .argument('[file]', 'a file or pipe with shares, one a line; without it you are asked for one')
      .addHelpText(
        'after',
        examples(
          'recovery verify-share',
          'recovery verify-share share.txt',
          'recovery verify-share /dev/stdin < share.txt',
        ),
      )
      .action((file?: string) => this.run(file));
  }

  private async run(file?: string): Promise<void> {
    const shares = (file === undefined ? [await this.ask()] : await readShares(file)).map(openShare);
    await this.output.result({ shares }, () => shares.map(inWords).join('\n'));
  }

  private async ask(): Promise<string> {
    try {
      return await this.questions.text({ message: 'Share:', instead: 'a file or /dev/stdin', check: checkShare });
    } finally {
      this.output.clearScreen();
    }
  }
}

const inWords = ({ number, total, keyId, threshold }: ShareFacts): string =>
  `Share ${number} of ${total} of the recovery key ${keyId}, of which ${threshold} are needed: undamaged.`;
