import { pino, stdTimeFunctions, type Logger } from 'pino';
import sonicBoom from 'sonic-boom';
import { LineBuffer } from './line-buffer.js';
import type { LogSettings } from './log.settings.js';

/** Longest time that a line waits for others, in milliseconds: a quiet service still shows its log at once. */
const FLUSH_MILLISECONDS = 200;
/** What may wait for a reader that does not read; newer lines are dropped then. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** How long the end of the process waits for the last lines to be taken, in milliseconds. */
const EXIT_MILLISECONDS = 1000;

/**
 * JSON lines on standard output, written off the request path.
 *
 * A full disk or a stalled reader behind it costs lines, never the service; how many is said when lines go through again.
 */
export function createLogger(settings: LogSettings): Logger {
  let exitDeadline = Number.POSITIVE_INFINITY;
  let lost = 0;
  let failing = false;
  const stdout = new sonicBoom.SonicBoom({
    fd: 1,
    sync: false,
    maxLength: MAX_WAITING_BYTES,
    retryEAGAIN: () => Date.now() < exitDeadline,
  });
  const lines = new LineBuffer(stdout);
  const logger = pino(
    {
      level: settings.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    lines,
  );
  stdout.on('drop', (text: string) => {
    lost += text.split('\n').length - 1;
  });
  // What could not be written stays in the buffer and is tried again with the next lines.
  stdout.on('error', () => {
    failing = true;
  });
  stdout.on('write', () => {
    failing = false;
    if (lost === 0) return;
    const count = lost;
    lost = 0;
    logger.warn({ msg: 'log lines were lost: nobody took them', lines: count });
  });
  setInterval(() => {
    lines.flush();
  }, FLUSH_MILLISECONDS).unref();
  process.on('exit', () => {
    // flushSync goes on trying for ever where the disk is full.
    if (failing) return;
    lines.flush();
    exitDeadline = Date.now() + EXIT_MILLISECONDS;
    try {
      stdout.flushSync();
    } catch {
      // Nobody is left to tell.
    }
  });
  return logger;
}
