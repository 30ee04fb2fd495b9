/** Whether something that a package threw is an error, of whatever realm or base class. */
export const isError = (thrown: unknown): thrown is Error & { readonly code?: unknown } =>
  typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string';
