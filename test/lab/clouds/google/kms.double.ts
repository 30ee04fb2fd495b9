import { type KeyObject } from 'node:crypto';
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  status,
  type StatusObject,
} from '@grpc/grpc-js';
import { freePort } from '../../network/free-port.ts';
import type { TlsCertificate } from '../../files/certificate.ts';
import type { GoogleIdentityDouble } from './identity.double.ts';
import { KeyVersion, type VersionAlgorithm } from './key-version.ts';
import {
  type AsymmetricDecryptAnswer,
  type AsymmetricDecryptRequest,
  keyManagementService,
  type PublicKeyAnswer,
  versionAlgorithms,
} from './kms-service.ts';

/** What goes wrong with a call: a status of gRPC, no answer at all, an answer that was changed on its way. */
export type GoogleFault =
  { readonly code: status; readonly details: string } | { readonly alter: (answer: Answer) => void } | 'stall';

/** The fields of both answers. */
export type Answer = Partial<PublicKeyAnswer & AsymmetricDecryptAnswer>;

/** The permissions that calls take. */
export const permissions = {
  viewPublicKey: 'cloudkms.cryptoKeyVersions.viewPublicKey',
  useToDecrypt: 'cloudkms.cryptoKeyVersions.useToDecrypt',
} as const;

/**
 * Google Cloud KMS as far as a key provider uses it, on gRPC and TLS: real RSA, CRC32C of every value, states of
 * versions, access tokens and permissions, with Google's status codes and words. Source: the public RPC reference of
 * google.cloud.kms.v1.
 */
export class GoogleKmsDouble {
  /** What the caller may do, open to changes. */
  readonly permitted = new Set<string>(Object.values(permissions));
  /** The methods called so far. */
  readonly calls: string[] = [];
  /** Decides about each call; `undefined` answers it. */
  fault: (method: string) => GoogleFault | undefined = () => undefined;
  private readonly versions = new Map<string, KeyVersion>();
  private server = new Server();

  private readonly identity: GoogleIdentityDouble;
  private readonly tls: TlsCertificate;
  readonly port: number;

  private constructor(identity: GoogleIdentityDouble, tls: TlsCertificate, port: number) {
    this.identity = identity;
    this.tls = tls;
    this.port = port;
  }

  static async start(identity: GoogleIdentityDouble, tls: TlsCertificate): Promise<GoogleKmsDouble> {
    const double = new GoogleKmsDouble(identity, tls, await freePort());
    await double.resume();
    return double;
  }

  get endpoint(): string {
    return `https://localhost:${this.port}`;
  }

  /** Adds a version to a key of the ring `ring` in `europe-west1`. */
  addVersion(
    key: string,
    version = 1,
    algorithm: VersionAlgorithm = 'RSA_DECRYPT_OAEP_2048_SHA256',
    privateKey?: KeyObject,
  ): KeyVersion {
    const name = `projects/project/locations/europe-west1/keyRings/ring/cryptoKeys/${key}/cryptoKeyVersions/${version}`;
    const added = new KeyVersion(name, algorithm, privateKey);
    this.versions.set(name, added);
    return added;
  }

  /** Ends it, with all connections; keys stay. */
  halt(): Promise<void> {
    this.server.forceShutdown();
    return Promise.resolve();
  }

  /** Answers again, at the same address. */
  async resume(): Promise<void> {
    const server = new Server();
    server.addService(keyManagementService, {
      getPublicKey: this.handler('GetPublicKey', permissions.viewPublicKey, (_, version) => publicKeyOf(version)),
      asymmetricDecrypt: this.handler('AsymmetricDecrypt', permissions.useToDecrypt, decrypt),
    });
    const { certificatePem, keyPem } = this.tls;
    const pair = { cert_chain: Buffer.from(certificatePem), private_key: Buffer.from(keyPem) };
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.port}`, ServerCredentials.createSsl(null, [pair]), (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    this.server = server;
  }

  private handler<Q extends { name: string }, A extends Answer>(
    method: string,
    permission: string,
    answer: (request: Q, version: KeyVersion) => A,
  ): (call: ServerUnaryCall<Q, A>, callback: sendUnaryData<A>) => void {
    return ({ request, metadata }, callback) => {
      this.calls.push(method);
      const fault = this.fault(method);
      if (fault === 'stall') return;
      const refused =
        fault !== undefined && 'code' in fault
          ? fault
          : this.refusal(String(metadata.get('authorization')[0] ?? ''), permission, request.name);
      if (refused !== undefined) {
        callback(refused);
        return;
      }
      try {
        const version = this.versions.get(request.name);
        if (version === undefined) throw new Error('checked before');
        const given = answer(request, version);
        if (fault !== undefined && 'alter' in fault) fault.alter(given);
        callback(null, given);
      } catch {
        callback({ code: status.INVALID_ARGUMENT, details: 'Decryption failed: the ciphertext is invalid.' });
      }
    };
  }

  private refusal(authorization: string, permission: string, name: string): Partial<StatusObject> | undefined {
    if (!this.identity.knows(authorization))
      return { code: status.UNAUTHENTICATED, details: 'Request had invalid authentication credentials.' };
    if (!this.permitted.has(permission))
      return {
        code: status.PERMISSION_DENIED,
        details: `Permission '${permission}' denied on resource '${name}' (or it may not exist).`,
      };
    const version = this.versions.get(name);
    if (version === undefined) return { code: status.NOT_FOUND, details: `CryptoKeyVersion ${name} not found.` };
    if (version.state !== 'ENABLED')
      return {
        code: status.FAILED_PRECONDITION,
        details: `${name} is not enabled, current state is: ${version.state}.`,
      };
    return undefined;
  }
}

function publicKeyOf({ name, pem, algorithm }: KeyVersion): PublicKeyAnswer {
  return { name, pem, pemCrc32c: { value: crc32c(Buffer.from(pem)) }, algorithm: versionAlgorithms[algorithm] };
}

/** A checksum that was not sent is not verified, and one that does not fit is refused, as Google does it. */
function decrypt(request: AsymmetricDecryptRequest, version: KeyVersion): AsymmetricDecryptAnswer {
  const sent = request.ciphertextCrc32c?.value;
  const isSent = sent !== undefined && sent !== null;
  const ciphertext = Buffer.from(request.ciphertext);
  if (isSent && String(sent) !== String(crc32c(ciphertext)))
    throw new Error('the ciphertext does not fit its checksum');
  const plaintext = version.decrypt(ciphertext);
  return { plaintext, plaintextCrc32c: { value: crc32c(plaintext) }, verifiedCiphertextCrc32c: isSent };
}

/** CRC32C bit by bit (RFC 3720, section 12.1), independent of the product's own. */
function crc32c(bytes: Uint8Array): number {
  let rest = ~0;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  }
  return ~rest >>> 0;
}
