import pkcs11js from 'pkcs11js';
import type { Cryptoki } from './library.ts';

/** The objects of a token as one session sees them. */
export class Objects {
  private readonly cryptoki: Cryptoki;
  private readonly session: pkcs11js.Handle;

  constructor(cryptoki: Cryptoki, session: pkcs11js.Handle) {
    this.cryptoki = cryptoki;
    this.session = session;
  }

  /** Every object that has these attributes. */
  find(template: pkcs11js.Template): pkcs11js.Handle[] {
    const found: pkcs11js.Handle[] = [];
    this.cryptoki.C_FindObjectsInit(this.session, template);
    try {
      for (;;) {
        const handles = this.cryptoki.C_FindObjects(this.session, 32);
        found.push(...handles);
        if (handles.length === 0) return found;
      }
    } finally {
      this.cryptoki.C_FindObjectsFinal(this.session);
    }
  }

  /** The attribute's bytes; `undefined` where the object has none, or does not show it. */
  bytes(object: pkcs11js.Handle, type: number): Buffer | undefined {
    try {
      const value = this.cryptoki.C_GetAttributeValue(this.session, object, [{ type }])[0]?.value;
      return value === undefined || value.length === 0 ? undefined : value;
    } catch {
      return undefined;
    }
  }

  /** An attribute of type CK_ULONG, which has the machine's width and byte order. */
  number(object: pkcs11js.Handle, type: number): number | undefined {
    const value = this.bytes(object, type);
    return value === undefined ? undefined : value.readUIntLE(0, Math.min(value.length, 6));
  }

  /** An attribute of type CK_BBOOL. */
  flag(object: pkcs11js.Handle, type: number): boolean | undefined {
    const value = this.bytes(object, type);
    return value === undefined ? undefined : value[0] !== 0;
  }

  text(object: pkcs11js.Handle, type: number): string {
    return this.bytes(object, type)?.toString('utf8') ?? '';
  }
}
