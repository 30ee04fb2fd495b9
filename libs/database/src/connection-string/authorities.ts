/**
 * Whether a connection string names, in place of a file, the authorities that the operating system trusts: libpq's
 * `sslrootcert=system`. Anybody can have a certificate of those, so its name must be checked, too.
 */
export const isSystem = (authorities: string | undefined): boolean => authorities?.toLowerCase() === 'system';
