import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { tlsCertificate } from '../../support/certificate.js';
import { startDeployment, type Deployment, type DeploymentOptions } from '../../support/deployment.js';
import type { IssuerKey } from '../../support/issuer.tokens.js';
import { startService, type ServiceOptions, type ServiceProcess } from '../../support/service.process.js';
import { tempFolder, type TempFolder } from '../../support/temp-folder.js';
import { until } from '../../support/until.js';
import type { Member } from './bitwarden/member.js';
import { startBitwarden, type BitwardenServer } from './bitwarden/server.js';
import { Client } from './client/client.js';
import { httpsCall } from './https.js';

/** A company's whole set-up: identity issuer, Bitwarden server, and the built key connector, reached over HTTPS. */
export class Company {
  private service: ServiceProcess;

  private constructor(
    readonly bitwarden: BitwardenServer,
    readonly tls: { readonly ca: string; readonly caFile: string; readonly certificate: string; readonly key: string },
    private readonly deployment: Deployment,
    private readonly folder: TempFolder,
  ) {
    this.service = deployment.service;
  }

  static async start(options: DeploymentOptions = {}): Promise<Company> {
    const folder = await tempFolder('real-client');
    const { caPem: ca, certificatePem: certificate, keyPem: key } = tlsCertificate();
    const inFolder = (name: string): string => join(folder.path, name);
    await writeFile(inFolder('ca.pem'), ca);
    await writeFile(inFolder('tls.pem'), certificate);
    await writeFile(inFolder('tls.key'), key, { mode: 0o600 });
    const settings = { http__tlsCertificatePath: inFolder('tls.pem'), http__tlsKeyPath: inFolder('tls.key') };
    const deployment = await startDeployment({ ...options, settings: { ...settings, ...options.settings } });
    const bitwarden = await startBitwarden({
      tls: { certificate, key },
      keyConnectorUrl: deployment.url,
      issueToken: (claims) => deployment.issuer.token({ claims }),
    });
    return new Company(bitwarden, { ca, caFile: inFolder('ca.pem'), certificate, key }, deployment, folder);
  }

  /** Where the key connector is reached. */
  get keyConnectorUrl(): string {
    return this.deployment.url;
  }

  /** A folder of the test's own that lives as long as the company. */
  get folderPath(): string {
    return this.folder.path;
  }

  /** The file that holds the service's key-encryption key. */
  get keyFile(): string {
    return z.string().parse(this.deployment.settings['certificate__filesystemPath']);
  }

  /** A token of this member, as the identity server signs them. */
  token(member: Member): string {
    return this.deployment.token(member.id);
  }

  /** Runs `work` while the identity server signs its tokens with a key that its JWKS does not hold. */
  async withTokensSignedBy<T>(key: IssuerKey, work: () => Promise<T>): Promise<T> {
    const { state } = this.bitwarden;
    const { issueToken } = state;
    state.issueToken = (claims) => this.deployment.issuer.token({ claims, key });
    try {
      return await work();
    } finally {
      state.issueToken = issueToken;
    }
  }

  /** Runs `work` while clients are told that the key connector is at `url`. */
  async withKeyConnectorAt<T>(url: string, work: () => Promise<T>): Promise<T> {
    const { state } = this.bitwarden;
    const { keyConnectorUrl } = state;
    state.keyConnectorUrl = url;
    try {
      return await work();
    } finally {
      state.keyConnectorUrl = keyConnectorUrl;
    }
  }

  /** A client on a device that the member has not used before. */
  newDevice(): Promise<Client> {
    return Client.install({
      folder: this.folder.path,
      caFile: this.tls.caFile,
      bitwardenUrl: this.bitwarden.state.url,
      keyConnectorUrl: this.bitwarden.state.keyConnectorUrl,
    });
  }

  /** The key that the service hands to this member; `undefined` when it keeps none. */
  async keyOf(member: Member): Promise<Buffer | undefined> {
    const { status, body } = await this.call(member, 'GET');
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`GET /user-keys answered ${status}: ${body}`);
    return Buffer.from(z.object({ key: z.string() }).parse(JSON.parse(body)).key, 'base64');
  }

  /** Stores this member's key at the service. */
  async storeKey(member: Member, key: Buffer): Promise<void> {
    const { status, body } = await this.call(member, 'POST', JSON.stringify({ key: key.toString('base64') }));
    if (status !== 200) throw new Error(`POST /user-keys answered ${status}: ${body}`);
  }

  /** What `work` gave, and the calls to `/user-keys` that the service logged meanwhile, such as `GET 200`. */
  async watch<T>(work: () => Promise<T>): Promise<{ result: T; calls: readonly string[] }> {
    const from = await this.logPosition();
    const result = await work();
    const lines = this.service.logs.slice(from, await this.logPosition());
    const calls = lines
      .filter((line) => line['msg'] === 'request' && line['route'] === '/user-keys')
      .map((line) => `${String(line['method'])} ${String(line['status'])}`);
    return { result, calls };
  }

  /** Starts the service again in its old place, with these settings on top. */
  async restart(settings: Record<string, string>, waitFor: NonNullable<ServiceOptions['waitFor']>): Promise<void> {
    await this.service.terminate();
    const port = { http__port: String(this.deployment.port) };
    this.service = await startService({ settings: { ...this.deployment.settings, ...settings, ...port }, waitFor });
  }

  /** Waits until the service says that it is ready. */
  async ready(): Promise<void> {
    const health = (): Promise<{ status: number }> => httpsCall(`${this.keyConnectorUrl}/health`, { ca: this.tls.ca });
    await until(async () => (await health()).status === 200, 'the service is ready');
  }

  async stop(): Promise<void> {
    await this.service.terminate();
    await this.bitwarden.stop();
    await this.deployment.stop();
    await this.folder.remove();
  }

  private call(member: Member, method: string, body?: string): Promise<{ status: number; body: string }> {
    const headers = { authorization: `Bearer ${this.token(member)}`, 'content-type': 'application/json' };
    return httpsCall(`${this.keyConnectorUrl}/user-keys`, {
      ca: this.tls.ca,
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
  }

  /** Where the log ends now. The log is buffered, so a request that can be told from all others marks the place. */
  private async logPosition(): Promise<number> {
    const mark = randomUUID();
    await httpsCall(`${this.keyConnectorUrl}/alive`, { ca: this.tls.ca, headers: { 'x-request-id': mark } });
    const position = (): number => this.service.logs.findIndex((line) => line['requestId'] === mark);
    await until(() => position() >= 0, 'the service has written its log');
    return position();
  }
}
