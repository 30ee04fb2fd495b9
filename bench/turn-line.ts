import type { Turn } from './measure.ts';

/** One turn in one line. */
export function turnLine(turn: Turn): string {
  const { target, rps, percentilesMs, cpuUsPerRequest, databaseCpuUsPerRequest } = turn;
  const [p50 = NaN, , , p99 = NaN] = percentilesMs;
  return (
    `  ${target.padEnd(14)}${rps.toFixed(0).padStart(7)} req/s   p50 ${p50.toFixed(1)} ms   p99 ${p99.toFixed(1)} ms` +
    `   CPU ${cpuUsPerRequest.toFixed(0)} µs/req   db ${databaseCpuUsPerRequest.toFixed(0)} µs/req`
  );
}
