import type { LayoutChangeOptions } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { InvalidArgumentError, Option } from 'commander';
import { Interruption } from '../terminal/interruption.js';
import { Output } from '../terminal/output.js';
import { ProgressReport } from '../terminal/progress.js';

/** Values a second, unless told otherwise: replicas keep nearly all of their throughput. */
const defaultRate = 1_000;

/** `--rate`, for a command that seals values anew. */
export const rateOption = (): Option =>
  new Option('--rate <values>', 'values a second at most; 0 for as many as can be')
    .argParser(wholeNumber)
    .default(defaultRate);

/** Shows a change of the layout as it goes on: its steps, and how many values are sealed anew. */
@Injectable()
export class LayoutRun {
  constructor(
    private readonly output: Output,
    private readonly interruption: Interruption,
    private readonly progress: ProgressReport,
  ) {}

  /** @param total values to seal anew, about. */
  async show<T>(
    { rate, total }: { readonly rate: number; readonly total: number },
    change: (options: Omit<LayoutChangeOptions, 'guarded'>) => Promise<T>,
  ): Promise<T> {
    return this.interruption.during(
      (signal) =>
        this.progress.during({ what: 'values sealed anew', total }, (progress) => {
          let seen = 0;
          return change({
            ...{ rate, signal },
            onStep: (step) => {
              this.output.note(step);
            },
            onProgress: ({ done }) => {
              // A second run over the values counts from 0 again.
              progress.advance(done < seen ? done : done - seen);
              seen = done;
            },
          });
        }),
      'What is done stays done, and replicas serve on; run the command again to go on.',
    );
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
