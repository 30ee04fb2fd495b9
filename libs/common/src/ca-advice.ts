/** What Node and OpenSSL say, as a code or in words, of a certificate whose authority is not known here. */
const unknownAuthority = new RegExp(
  [
    'UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT|CERT_UNTRUSTED',
    // One of the same name is known, with another key: the company renewed it.
    'CERT_SIGNATURE_FAILURE|certificate signature failure',
    'unable to get (local )?issuer certificate|unable to verify the first certificate|self[- ]signed certificate',
  ].join('|'),
  'i',
);

/**
 * Adds to the reason of a failed connection how an authority is made known, where that would help: not where a
 * certificate has expired or is for another name.
 *
 * @example
 * withCaAdvice('self-signed certificate in certificate chain'); // …; an authority of your own is made known by tls__extraCaPath
 *
 * @param setting what makes one known.
 */
export const withCaAdvice = (reason: string, setting = 'tls__extraCaPath'): string =>
  unknownAuthority.test(reason) ? `${reason}; an authority of your own is made known by ${setting}` : reason;
