import { KeyFileProblem } from '../key-file.js';

/** Refuses an algorithm that no tool of today writes, and says how to get a file with one that it does. */
export function unsupported(oid: string): never {
  throw new KeyFileProblem(
    `it uses the algorithm ${oid}, which is not supported; export it again with \`openssl pkcs12 -export\``,
  );
}
