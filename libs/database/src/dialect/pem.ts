import { readSmallText } from '@key-connector/common';

/** A certificate or a key is some kilobytes; a bundle of all public authorities 250 KB. */
const limits = { maxBytes: 1024 * 1024, seconds: 10 };

/**
 * The text of a PEM file that a connection string names; `undefined` where it names none.
 *
 * @throws FileUnreadable with the path and why, when it cannot be read in time.
 */
export const readPem = async (path: string | undefined): Promise<string | undefined> =>
  path === undefined ? undefined : readSmallText(path, limits);
