const actions = new Set<() => void>();

process.once('exit', () => {
  for (const action of actions) action();
});

/** Runs `action` when this process ends, unless the returned function is called before. One listener, however many actions. */
export function atExit(action: () => void): () => void {
  actions.add(action);
  return () => {
    actions.delete(action);
  };
}
