import { Injectable } from '@nestjs/common';
import { Output } from './output.js';
import { Pace } from './pace.js';
import { Streams } from './streams.js';

/** A long piece of work. */
interface Plan {
  /** What is counted: `values sealed anew`. */
  readonly what: string;
  readonly total: number;
  /** What an earlier run has done already; it counts for the bar, not for the pace. */
  readonly done?: number;
}

/** Told how far the work is, as often as it likes. */
export interface Progress {
  advance(by?: number): void;
}

/** On a pipe or in a log, a line this often. */
const lineEveryMs = 10_000;

/**
 * Shows how far a command is, on standard error: a bar on a terminal, plain lines elsewhere; with pace and time left.
 */
@Injectable()
export class ProgressReport {
  constructor(
    private readonly streams: Streams,
    private readonly output: Output,
  ) {}

  /**
   * Does some work and shows how far it is, until it ends, however it does.
   *
   * @example
   * await progress.during({ what: 'values sealed anew', total: 70_000 }, async (progress) => {
   *   for await (const batch of batches) progress.advance(await sealAnew(batch));
   * });
   */
  async during<T>(plan: Plan, work: (progress: Progress) => Promise<T>): Promise<T> {
    const pace = new Pace();
    let done = plan.done ?? 0;
    pace.note(done);
    const said = (): string => describe(plan, done, pace);
    const shown = this.streams.canDraw ? await this.bar(plan, () => done, said) : this.lines(said);
    try {
      return await work({
        advance: (by = 1) => {
          done += by;
          pace.note(done);
        },
      });
    } finally {
      shown.stop();
    }
  }

  private async bar({ total }: Plan, done: () => number, said: () => string): Promise<{ stop: () => void }> {
    // Loaded here: most commands show no bar.
    const { default: bars } = await import('cli-progress');
    const bar = new bars.SingleBar({
      stream: this.streams.messages,
      format: (options, { progress }) => `${bars.Format.BarFormat(progress, options)} ${said()}`,
      ...{ barCompleteChar: '█', barIncompleteChar: '░', barsize: 24, fps: 8 },
      // What is changed of the terminal would stay so after a second Ctrl-C, and signals are Interruption's.
      ...{ hideCursor: false, linewrap: true, gracefulExit: false },
    });
    bar.start(Math.max(1, total), 0);
    const timer = setInterval(() => {
      bar.update(total === 0 ? 1 : done());
    }, 125);
    return {
      stop: () => {
        clearInterval(timer);
        bar.update(total === 0 ? 1 : done());
        bar.stop();
      },
    };
  }

  private lines(said: () => string): { stop: () => void } {
    const timer = setInterval(() => {
      this.output.note(said());
    }, lineEveryMs);
    return {
      stop: () => {
        clearInterval(timer);
        this.output.note(said());
      },
    };
  }
}

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `12,000 of 70,000 values sealed anew (17 %), 3,400/s, 17 s left` */
function describe({ what, total }: Plan, done: number, pace: Pace): string {
  const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
  const left = done >= total ? undefined : pace.secondsLeft(done, total);
  return [
    `${numbers.format(done)} of ${numbers.format(total)} ${what} (${percent} %)`,
    ...(pace.perSecond > 0 ? [`${numbers.format(pace.perSecond)}/s`] : []),
    ...(left === undefined ? [] : [`${duration(left)} left`]),
  ].join(', ');
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
