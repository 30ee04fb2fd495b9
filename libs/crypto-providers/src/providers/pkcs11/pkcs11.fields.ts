import { choice, integer, secretText, text } from '@key-connector/common';

/** `rsaKey__pkcs11*`: a key that stays in an HSM or smart card behind a PKCS#11 module. */
export const pkcs11Fields = {
  pkcs11Provider: choice('PKCS#11: a known module; others by `pkcs11LibraryPath`.', ['yubihsm', 'opensc']).optional(),
  pkcs11LibraryPath: text('PKCS#11: the path of the module’s shared library.').optional(),
  pkcs11LibraryParameters: text(
    'PKCS#11: what the module is told when it is initialised; NSS needs it, most others do not.',
  ).optional(),
  pkcs11SlotTokenSerialNumber: text(
    'PKCS#11: the serial number of the token; not needed where the module has one token only.',
  ).optional(),
  pkcs11LoginUserType: choice(
    'PKCS#11: who logs in; `context_specific` logs in as user, and again before each use of the key.',
    ['user', 'so', 'context_specific'],
  ).default('user'),
  pkcs11LoginPin: secretText('PKCS#11: the PIN.').optional(),
  pkcs11PrivateKeyLabel: text('PKCS#11: the label of the private key.').optional(),
  pkcs11PrivateKeyId: integer('PKCS#11: the id of the private key, instead of its label.', {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  }).optional(),
};
