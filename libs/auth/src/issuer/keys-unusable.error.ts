/** Why keys could not be loaded, for the operator's log; callers only learn that the issuer is unavailable. */
export class KeysUnusable extends Error {
  override readonly name = 'KeysUnusable';
}
