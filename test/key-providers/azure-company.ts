import { createHash } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { AzureCloud } from '../lab/clouds/azure/azure-cloud.js';
import type { EntraApplication } from '../lab/clouds/azure/entra.double.js';
import type { KeyVaultDouble, VaultKeyVersion } from '../lab/clouds/azure/key-vault.double.js';
import { type KeyEncryptionKey, KeyProvider, keyProviderSettingsSchema } from '@key-connector/crypto-providers';

/** A company in Azure: one cloud for all tests of a file, and as many vaults as they like. */
export class AzureCompany {
  cloud!: AzureCloud;
  application!: EntraApplication;
  private vaults = 0;

  /** Call while the tests are described: it sets up the cloud before them, and takes it down after them. */
  static describe(): AzureCompany {
    const company = new AzureCompany();
    let leave = (): void => undefined;
    beforeAll(async () => {
      company.cloud = await AzureCloud.start();
      company.application = company.cloud.entra.register();
      leave = company.cloud.enter();
    });
    afterAll(() => {
      leave();
      company.cloud.stop();
    });
    return company;
  }

  /** A vault of its own, which lets the company's application in. */
  vault(suffix?: Parameters<AzureCloud['vault']>[1]): KeyVaultDouble {
    this.vaults += 1;
    const vault = this.cloud.vault(`company-${this.vaults}`, suffix);
    vault.allow(this.application.clientId);
    return vault;
  }

  /** Who asks, as the settings say it, with the application's secret. */
  get credentials(): Readonly<Record<string, string | undefined>> {
    return {
      azureKeyvaultAdTenantId: this.cloud.entra.tenantId.toUpperCase(),
      azureKeyvaultAdAppId: this.application.clientId,
      azureKeyvaultAdSecret: [...this.application.secrets][0],
    };
  }

  /** `rsaKey__*` for the key `wrap` of a vault. */
  settings(vault: KeyVaultDouble, more: object = {}): object {
    const key = { azureKeyvaultUri: vault.uri, azureKeyvaultKeyName: 'wrap' };
    return { provider: 'azurekv', timeoutSeconds: 30, ...key, ...this.credentials, ...more };
  }

  /** `certificate__*` for the certificate `wrap` of a vault. */
  certificateSettings(vault: KeyVaultDouble, more: object = {}): object {
    const source = { azureKeyvaultUri: vault.uri, azureKeyvaultCertificateName: 'wrap' };
    return { provider: 'azurekv', ...source, ...this.credentials, ...more };
  }

  /** Opens the key of a certificate as the service does. */
  openCertificate(certificate: object, recorded: readonly string[] = []): Promise<KeyEncryptionKey> {
    return new KeyProvider(keyProviderSettingsSchema.parse({ certificate, rsaKey: { timeoutSeconds: 30 } })).open(
      recorded,
    );
  }

  /** Opens the key as the service does. */
  open(rsaKey: object, recorded: readonly string[] = [], classic?: Uint8Array): Promise<KeyEncryptionKey> {
    return new KeyProvider(keyProviderSettingsSchema.parse({ rsaKey })).open(recorded, classic);
  }
}

/** The id that a key with this public half has at every provider. */
export function fingerprintOf({ publicKey }: Pick<VaultKeyVersion, 'publicKey'>): string {
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}
