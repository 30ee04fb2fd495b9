import pkcs11js from 'pkcs11js';
import type { TokenErrorKind } from '../token-protocol.ts';

/** The PIN, its state and who it belongs to: none of them gets better by trying again. */
const login = new Set([
  pkcs11js.CKR_PIN_INCORRECT,
  pkcs11js.CKR_PIN_INVALID,
  pkcs11js.CKR_PIN_LEN_RANGE,
  pkcs11js.CKR_PIN_EXPIRED,
  pkcs11js.CKR_PIN_LOCKED,
  pkcs11js.CKR_USER_PIN_NOT_INITIALIZED,
  pkcs11js.CKR_USER_TYPE_INVALID,
]);

const lost = new Set([
  pkcs11js.CKR_HOST_MEMORY,
  pkcs11js.CKR_SLOT_ID_INVALID,
  pkcs11js.CKR_CANT_LOCK,
  pkcs11js.CKR_DEVICE_ERROR,
  pkcs11js.CKR_DEVICE_MEMORY,
  pkcs11js.CKR_DEVICE_REMOVED,
  pkcs11js.CKR_FUNCTION_CANCELED,
  pkcs11js.CKR_KEY_HANDLE_INVALID,
  pkcs11js.CKR_OBJECT_HANDLE_INVALID,
  pkcs11js.CKR_OPERATION_ACTIVE,
  pkcs11js.CKR_OPERATION_NOT_INITIALIZED,
  pkcs11js.CKR_SESSION_CLOSED,
  pkcs11js.CKR_SESSION_COUNT,
  pkcs11js.CKR_SESSION_HANDLE_INVALID,
  pkcs11js.CKR_TOKEN_NOT_PRESENT,
  pkcs11js.CKR_TOKEN_NOT_RECOGNIZED,
  pkcs11js.CKR_USER_NOT_LOGGED_IN,
  pkcs11js.CKR_CRYPTOKI_NOT_INITIALIZED,
  pkcs11js.CKR_MUTEX_BAD,
]);

const refused = new Set([
  pkcs11js.CKR_ARGUMENTS_BAD,
  pkcs11js.CKR_ENCRYPTED_DATA_INVALID,
  pkcs11js.CKR_ENCRYPTED_DATA_LEN_RANGE,
  pkcs11js.CKR_DATA_INVALID,
  pkcs11js.CKR_DATA_LEN_RANGE,
  pkcs11js.CKR_MECHANISM_INVALID,
  pkcs11js.CKR_MECHANISM_PARAM_INVALID,
]);

/** The key is none for this. */
const setup = new Set([
  pkcs11js.CKR_KEY_FUNCTION_NOT_PERMITTED,
  pkcs11js.CKR_KEY_SIZE_RANGE,
  pkcs11js.CKR_KEY_TYPE_INCONSISTENT,
]);

const kinds: readonly (readonly [TokenErrorKind, ReadonlySet<number>])[] = [
  ['login', login],
  ['lost', lost],
  ['refused', refused],
  ['setup', setup],
];

/** The code of a failed call of the module (`CKR_…`), and what it means. */
export function codeOf(error: unknown): { readonly name: string; readonly kind: TokenErrorKind } {
  if (!(error instanceof pkcs11js.Pkcs11Error)) return { name: String(error), kind: 'unclear' };
  const { code, message } = error;
  const kind = kinds.find(([, codes]) => codes.has(code))?.[0] ?? 'unclear';
  return { name: `${message} (0x${code.toString(16)})`, kind };
}

/** Whether the module answered with this code. */
export function isCode(error: unknown, code: number): boolean {
  return error instanceof pkcs11js.Pkcs11Error && error.code === code;
}
