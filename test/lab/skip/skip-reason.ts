/** Stands between a skipped test's name and the reason. */
export const BECAUSE = ' — skipped: ';
