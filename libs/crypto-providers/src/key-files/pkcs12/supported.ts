import { UnusableKeyFile } from '../key-file.js';

/** Refuses an algorithm that no tool of today writes, and says how to get a file with one that it does. */
export function unsupported(oid: string): never {
  throw new UnusableKeyFile(
    `it uses the algorithm ${oid}, which is not supported; export it again with \`openssl pkcs12 -export\``,
  );
}

/** Eight times what OWASP asks of PBKDF2 today; more would only keep the start waiting. */
const maxIterations = 5_000_000;

/** Refuses an iteration count that would keep the start waiting for minutes. */
export function boundedIterations(count: number): number {
  if (count >= 1 && count <= maxIterations) return count;
  throw new UnusableKeyFile(`it asks for ${count} key-derivation rounds; at most ${maxIterations} are accepted`);
}
