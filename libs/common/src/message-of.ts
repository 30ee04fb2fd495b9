/** What was thrown, in words for a log or another message: an error's own message, and the text of anything else. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
