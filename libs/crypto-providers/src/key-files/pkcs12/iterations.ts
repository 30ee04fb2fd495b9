import { KeyFileProblem } from '../key-file.js';

/** Eight times what OWASP asks of PBKDF2 today; more would only keep the start waiting. */
const maxIterations = 5_000_000;

/** Refuses an iteration count that would keep the start waiting for minutes. */
export function boundedIterations(count: number): number {
  if (count >= 1 && count <= maxIterations) return count;
  throw new KeyFileProblem(`it asks for ${count} key-derivation rounds; at most ${maxIterations} are accepted`);
}
