import { createPublicKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { KeyProviderMisconfigured, KeyProviderUnavailable } from '../../contract/key-provider.errors.js';
import type { VaultClient } from '../../clients/vault/vault.client.js';
import type { VaultConnection } from '../../clients/vault/vault.settings.js';

/** Which key of which transit engine. */
export interface VaultTransitSettings {
  readonly vault: VaultConnection;
  readonly mount: string;
  readonly keyName: string;
  /** `undefined`: the recorded one, or the newest. */
  readonly keyVersion: number | undefined;
}

const rsaTypes = ['rsa-2048', 'rsa-3072', 'rsa-4096'];

const keyAnswer = z.object({
  data: z.object({
    type: z.string(),
    latest_version: z.int().positive(),
    min_decryption_version: z.int().nonnegative(),
    min_available_version: z.int().nonnegative().default(0),
    /** Symmetric keys have a time here; each version's public key is read when it is chosen. */
    keys: z.record(z.string(), z.unknown()),
  }),
});

const versionAnswer = z.object({ public_key: z.string() });
const plaintextAnswer = z.object({ data: z.object({ plaintext: z.base64() }) });

/** What the transit engine tells about a key. */
export type TransitKeyFacts = z.output<typeof keyAnswer>['data'];

/** One RSA key of a transit engine, with all its versions. */
export class TransitKey {
  /** Names the key for people: `transit/keys/<name>`, after its namespace where it has one. */
  readonly resource: string;
  /** What stands before the version in the key references of its wrappings. */
  readonly referencePrefix: string;
  private readonly path: string;
  private readonly decryptPath: string;

  constructor(
    private readonly client: VaultClient,
    { mount, keyName, vault }: VaultTransitSettings,
  ) {
    this.path = `${mount}/keys/${keyName}`;
    this.decryptPath = `${mount}/decrypt/${keyName}`;
    this.resource = vault.namespace === undefined ? this.path : `${vault.namespace}/${this.path}`;
    this.referencePrefix = `vault-transit:${this.resource}/versions/`;
  }

  get server(): string {
    return this.client.server;
  }

  /** Reads the key's facts; a key that is not there or not RSA is KeyProviderMisconfigured. */
  async read(): Promise<TransitKeyFacts> {
    const { status, body } = await this.client.call({ method: 'GET', path: this.path });
    const facts = keyAnswer.safeParse(body).data?.data;
    if (status === 404) throw this.misconfigured(`there is no such key or mount (404); ${this.howToMake()}`);
    if (facts === undefined) throw this.misconfigured(`it answers ${status}, but tells no key`);
    if (!rsaTypes.includes(facts.type)) throw this.misconfigured(`it is of type ${facts.type}; ${this.howToMake()}`);
    return facts;
  }

  /** The public half of a version; one that no longer decrypts, or never was, is named in KeyProviderMisconfigured. */
  publicKey(facts: TransitKeyFacts, version: number): KeyObject {
    const { latest_version: latest, min_decryption_version: min, min_available_version: available } = facts;
    if (version > latest) throw this.misconfigured(`it has no version ${version}; the newest is ${latest}`);
    if (version < available)
      throw this.misconfigured(`version ${version} was trimmed away (min_available_version is ${available})`);
    if (version < min)
      throw this.misconfigured(
        `version ${version} must not decrypt any more; set min_decryption_version, now ${min}, back to ${version}`,
      );
    const found = versionAnswer.safeParse(facts.keys[version]).data;
    if (found === undefined) throw this.misconfigured(`version ${version} is not there`);
    return createPublicKey(found.public_key);
  }

  /** Decrypts with exactly this version (RSA-OAEP with SHA-256); `undefined` where Vault does not. */
  async decrypt(version: number, ciphertext: Uint8Array): Promise<Buffer | undefined> {
    const encoded = `vault:v${version}:${Buffer.from(ciphertext).toString('base64')}`;
    const request = { method: 'POST', path: this.decryptPath, body: { ciphertext: encoded } } as const;
    // 500 is Vault's answer to RSA ciphertext that does not open.
    const { status, body } = await this.client.call(request, [500]);
    if (status !== 200) return undefined;
    const answer = plaintextAnswer.safeParse(body).data;
    if (answer === undefined) throw new KeyProviderUnavailable(`Vault at ${this.server} answers without a plaintext.`);
    return Buffer.from(answer.data.plaintext, 'base64');
  }

  private howToMake(): string {
    return `make one: bao write -f ${this.path} type=rsa-4096`;
  }

  private misconfigured(problem: string): KeyProviderMisconfigured {
    return new KeyProviderMisconfigured(`The key ${this.resource} in Vault at ${this.server}: ${problem}.`);
  }
}
