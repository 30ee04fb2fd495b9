import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tlsCertificate, type TlsCertificate } from '../../lab/files/certificate.js';
import { type DeploymentOptions, startDeployment } from '../../lab/service/deployment.js';
import type { IssuerServer } from '../../lab/issuer/issuer.server.js';
import type { IssuerKey } from '../../lab/issuer/tokens.js';
import { tempFolder, type TempFolder } from '../../lab/files/temp-folder.js';
import { type BitwardenServer, startBitwarden } from './bitwarden/server.js';
import { Client } from './client/client.js';
import { KeyConnector, type Reached } from './key-connector.js';

/** A company's whole set-up: identity issuer, Bitwarden server, and the built key connector, all reached over HTTPS. */
export class Company {
  /** By the address of the key connector that they were told: one run of `bw config` serves every device. */
  private readonly configured = new Map<string, Promise<Client>>();

  private constructor(
    readonly bitwarden: BitwardenServer,
    readonly keyConnector: KeyConnector,
    readonly tls: TlsCertificate,
    private readonly issuer: IssuerServer,
    private readonly folder: TempFolder,
  ) {}

  static async start(options: DeploymentOptions = {}): Promise<Company> {
    const folder = await tempFolder('real-client');
    const tls = tlsCertificate();
    const certificate = join(folder.path, 'tls.pem');
    const key = join(folder.path, 'tls.key');
    await writeFile(certificate, tls.certificatePem);
    await writeFile(key, tls.keyPem, { mode: 0o600 });
    const settings = { http__tlsCertificatePath: certificate, http__tlsKeyPath: key, ...options.settings };
    const deployment = await startDeployment({ ...options, settings });
    return Company.around(deployment, deployment.issuer, tls, folder);
  }

  /** The rest of the company, where the key connector is there already. */
  static async around(
    deployment: Reached,
    issuer: IssuerServer,
    tls: TlsCertificate,
    folder: TempFolder,
  ): Promise<Company> {
    await writeFile(authorityFile(folder), tls.caPem);
    const issueToken = (claims: Record<string, unknown>): string => issuer.token({ claims });
    const bitwarden = await startBitwarden({ tls, keyConnectorUrl: deployment.url, issueToken });
    return new Company(bitwarden, new KeyConnector(deployment, tls.caPem), tls, issuer, folder);
  }

  /** A folder of the test's own that lives as long as the company. */
  get folderPath(): string {
    return this.folder.path;
  }

  /** A client on a device that the member has not used before. */
  async newDevice(): Promise<Client> {
    const { url, keyConnectorUrl } = this.bitwarden.state;
    const installation = { folder: this.folder.path, caFile: authorityFile(this.folder) };
    const configure = async (): Promise<Client> => {
      const client = await Client.install(installation);
      await client.configure(url, keyConnectorUrl);
      return client;
    };
    const model = this.configured.get(keyConnectorUrl) ?? configure();
    this.configured.set(keyConnectorUrl, model);
    return (await model).clone(installation);
  }

  /** Runs `work` while the identity server signs its tokens with a key that its JWKS does not hold. */
  withTokensSignedBy<T>(key: IssuerKey, work: () => Promise<T>): Promise<T> {
    const { state } = this.bitwarden;
    const { issueToken } = state;
    state.issueToken = (claims) => this.issuer.token({ claims, key });
    return work().finally(() => {
      state.issueToken = issueToken;
    });
  }

  /** Runs `work` while clients are told that the key connector is at `url`. */
  withKeyConnectorAt<T>(url: string, work: () => Promise<T>): Promise<T> {
    const { state } = this.bitwarden;
    const { keyConnectorUrl } = state;
    state.keyConnectorUrl = url;
    return work().finally(() => {
      state.keyConnectorUrl = keyConnectorUrl;
    });
  }

  async stop(): Promise<void> {
    await this.bitwarden.stop();
    await this.keyConnector.stop();
    await this.folder.remove();
  }
}

/** The authority that every server here is certified by, for clients to trust. */
function authorityFile(folder: TempFolder): string {
  return join(folder.path, 'ca.pem');
}
