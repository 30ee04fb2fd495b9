import { pino, stdTimeFunctions, type Logger, type LoggerOptions } from 'pino';
import { type LineRank, standardOutput, startFlushing } from './log-output.js';
import type { LogSettings } from './log.settings.js';

/** One logger for each rank of lines; all write JSON to standard output, in the order of their calls. */
export type RankedLogger = Readonly<Record<LineRank, Logger>>;

/** JSON lines on standard output, written off the request path. */
export function createLogger(settings: LogSettings): RankedLogger {
  const options: LoggerOptions = {
    level: settings.level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  const ranked = (rank: LineRank): Logger =>
    pino(options, {
      write: (line: string) => {
        standardOutput.add(line, rank);
      },
    });
  const logger = { flood: ranked('flood'), ordinary: ranked('ordinary'), kept: ranked('kept') };
  startFlushing((lines) => {
    logger.ordinary.warn({ msg: 'log lines were left out: they came faster than they were taken', lines });
  });
  return logger;
}
