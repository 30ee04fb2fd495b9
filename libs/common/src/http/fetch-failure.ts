/** Why a `fetch` failed, for a sentence: it only says "fetch failed", and what failed (ECONNREFUSED, a certificate) is in its cause. */
export function fetchFailure(error: unknown): string {
  const { name, message = 'it failed', cause } = (error ?? {}) as Partial<Error>;
  if (name === 'TimeoutError') return 'no answer in time';
  const { message: because, code } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  const reason = because === '' ? code : (because ?? code);
  return reason === undefined ? message : `${message}: ${reason}`;
}
