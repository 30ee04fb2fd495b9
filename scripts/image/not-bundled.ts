/** A package that stays as npm installed it, and the files of it that a running service needs. */
interface Package {
  readonly name: string;
  /** Patterns of files in its folder; `<arch>` is Node's name of the processor. */
  readonly files: readonly string[];
}

/** Packages with native code, and one whose parts are loaded by their paths. */
export const notBundled: readonly Package[] = [
  { name: 'better-sqlite3', files: ['lib/**/*.js', 'prebuilds/linux-<arch>.node'] },
  { name: 'node-forge', files: ['lib/**/*.js'] },
  { name: 'pkcs11js', files: ['index.js', 'build/Release/pkcs11.node'] },
];
