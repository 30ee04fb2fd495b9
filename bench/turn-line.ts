import type { Turn } from './measure.ts';

/** One turn in one line. */
export function turnLine(turn: Turn): string {
  const { target, rps, latencyMs, cpuUsPerRequest, databaseCpuUsPerRequest } = turn;
  return (
    `  ${target.padEnd(14)}${rps.toFixed(0).padStart(7)} req/s   p50 ${latencyMs[50].toFixed(1)} ms   p99 ${latencyMs[99].toFixed(1)} ms` +
    `   CPU ${cpuUsPerRequest.toFixed(0)} µs/req   db ${databaseCpuUsPerRequest.toFixed(0)} µs/req`
  );
}
