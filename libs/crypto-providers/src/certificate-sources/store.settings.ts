import { type Report, required } from '../contract/required-settings.js';

/** The settings of the source `store`. */
export interface StoreSettings {
  /** SHA-1 over the certificate: 40 hexadecimal digits in lower case. */
  readonly thumbprint: string;
}

/**
 * The settings of `store` out of `certificate__*`; what is wrong is reported.
 *
 * A thumbprint that was copied from Windows comes with blanks, and with a mark of writing direction that nobody sees.
 */
export function chooseStore(
  settings: { readonly storeThumbprint?: string | undefined },
  report: Report,
): StoreSettings | undefined {
  const missing = { storeThumbprint: 'the SHA-1 thumbprint of the certificate' };
  const given = required('certificate', settings, missing, report);
  if (given === undefined) return undefined;
  const thumbprint = given.storeThumbprint.replaceAll(/[^0-9a-f]/gi, '').toLowerCase();
  if (thumbprint.length === 40) return { thumbprint };
  report(['certificate', 'storeThumbprint'], 'must be a SHA-1 thumbprint: 40 hexadecimal digits');
  return undefined;
}
