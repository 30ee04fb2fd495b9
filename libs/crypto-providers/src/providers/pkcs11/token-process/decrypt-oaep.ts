import graphene from 'graphene-pk11';
import { type HashName, TokenError } from '../token-protocol.ts';
import { logInForThisUse } from './login.ts';
import { codeOf } from './module-code.ts';

const { MechanismEnum, RsaMgf, RsaOaepParams } = graphene;

/** The parameters of OAEP: the hash, also of MGF1, and no label. */
const parameters = {
  'SHA-1': new RsaOaepParams(MechanismEnum.SHA1, RsaMgf.MGF1_SHA1),
  'SHA-256': new RsaOaepParams(MechanismEnum.SHA256, RsaMgf.MGF1_SHA256),
} as const satisfies Record<HashName, graphene.RsaOaepParams>;

/** A session that has found the key. */
export interface KeySession {
  readonly session: graphene.Session;
  readonly key: graphene.PrivateKey;
}

interface Input {
  readonly hash: HashName;
  readonly ciphertext: Uint8Array;
  /** Given for a key that wants a login for each use. */
  readonly pin: string | undefined;
}

/** Decrypts on libuv's thread pool: sessions that work at the same time do not wait for each other. */
export async function decryptOaep({ session, key }: KeySession, input: Input): Promise<Buffer> {
  // pkcs11js holds no reference to either buffer while a thread works on them.
  const ciphertext = Buffer.from(input.ciphertext);
  const plain = Buffer.alloc(ciphertext.length);
  try {
    const decipher = session.createDecipher({ name: MechanismEnum.RSA_PKCS_OAEP, params: parameters[input.hash] }, key);
    if (input.pin !== undefined) logInForThisUse(session, input.pin);
    return Buffer.from(await once(decipher, ciphertext, plain));
  } catch (error) {
    const { kind, name } = codeOf(error);
    throw new TokenError(kind, `the token does not decrypt: ${name}`);
  } finally {
    plain.fill(0);
    ciphertext.fill(0);
  }
}

/** The part of `into` that was decrypted. */
const once = (decipher: graphene.Decipher, from: Buffer, into: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    decipher.once(from, into, (error: Error | null, opened) => {
      if (error === null) resolve(opened);
      else reject(error);
    });
  });
