import { destination, pino, stdTimeFunctions, type Logger } from 'pino';
import type { LogSettings } from './log.settings.js';

/** Lines wait in memory until this many bytes are there … */
const BUFFER_BYTES = 4096;
/** … or this many milliseconds have passed, so that a quiet service still shows its log at once. */
const FLUSH_MILLISECONDS = 200;

/** JSON lines on standard output, written off the request path; what is left is written when the process ends. */
export function createLogger(settings: LogSettings): Logger {
  const stdout = destination({ dest: 1, sync: false, minLength: BUFFER_BYTES });
  setInterval(() => {
    stdout.flush();
  }, FLUSH_MILLISECONDS).unref();
  process.on('exit', () => {
    stdout.flushSync();
  });
  return pino(
    {
      level: settings.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stdout,
  );
}
