const actions = new Set<() => void>();

process.once('exit', () => {
  for (const action of actions) action();
});

/**
 * Runs `action` when this process ends, unless the returned function is called before. One listener, however many
 * actions. For scripts: jest gives a test a copy of `process` that never emits `exit`, see tied-to-us.ts.
 */
export function atExit(action: () => void): () => void {
  actions.add(action);
  return () => {
    actions.delete(action);
  };
}
