/**
 * Starts a program of ours: with its compiled code at hand, where there is a safe place for that, and without a way for
 * SIGUSR1 to open an inspector, through which everything in memory could be read.
 *
 * @example
 * launch(() => import('./serve.js').then(({ serve }) => serve()));
 *
 * @param program Loads the program and runs it. It is loaded by `import()`: a static import would come before the check
 * of Node's version, and before compiled code is looked for.
 */
export function launch(program: () => Promise<void>): void {
  // A listener of one's own takes the place of Node's. `--disable-sigusr1` does the same from the very first moment.
  process.on('SIGUSR1', () => undefined);
  void import('./compile-cache.js').then(({ useCompileCache }) => {
    useCompileCache();
    return program();
  });
}
