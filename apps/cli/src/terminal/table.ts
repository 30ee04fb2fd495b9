/** Lines between cells, and no frame: read by people, cut by `awk`. */
const plain = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
};

/** A cell; `undefined` shows as `-`. */
export type Cell = string | number | undefined;

/**
 * Rows under a head, in columns as wide as they must be.
 *
 * @param rows one list of cells each, in the order of the head; numbers stand at the right.
 *
 * @example
 * await table(['id', 'values'], [[0, 17], [1, 4]]);
 */
export async function table(head: readonly string[], rows: readonly (readonly Cell[])[]): Promise<string> {
  // Loaded here: most commands print no table.
  const { default: Table } = await import('cli-table3');
  const [first = []] = rows;
  const made = new Table({
    head: [...head],
    chars: plain,
    colAligns: head.map((_, column) => (typeof first[column] === 'number' ? 'right' : 'left')),
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  made.push(...rows.map((cells) => cells.map((cell) => cell ?? '-')));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
