import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TempFolder, tempFolder } from '../../files/temp-folder.ts';
import { freePort } from '../../network/free-port.ts';
import { statusOf } from '../../network/http-call.ts';
import { Child } from '../../processes/child-process.ts';
import { until } from '../../processes/until.ts';
import { installedTool } from '../../packages/tools.ts';

/** OpenBao, which speaks Vault's API; says whether it can be started here. */
export const openbao = installedTool('openbao');

/** How a test's OpenBao listens. */
export interface OpenBaoOptions {
  /** Gives it a second address, with TLS under this certificate and key (PEM). */
  readonly tls?: { readonly certificatePem: string; readonly keyPem: string };
}

/** A real OpenBao server with its data on disk, which this process started and may seal, kill and restart. */
export class OpenBaoServer {
  private server: Child | undefined;
  private keys = { unseal: '', root: '' };

  private constructor(
    private readonly folder: TempFolder,
    /** `http://127.0.0.1:<port>`. */
    readonly url: string,
    /** `https://localhost:<port>`; empty unless TLS was asked for. */
    readonly tlsUrl: string,
  ) {}

  static async start(options: OpenBaoOptions = {}): Promise<OpenBaoServer> {
    const folder = await tempFolder('openbao');
    const [port, tlsPort] = [await freePort(), options.tls && (await freePort())];
    await writeConfiguration(folder.path, port, tlsPort, options.tls);
    const tlsUrl = tlsPort === undefined ? '' : `https://localhost:${tlsPort}`;
    const server = new OpenBaoServer(folder, `http://127.0.0.1:${port}`, tlsUrl);
    await server.launch();
    const made = await server.put<{ keys_base64: [string]; root_token: string }>('sys/init', {
      secret_shares: 1,
      secret_threshold: 1,
    });
    server.keys = { unseal: made.keys_base64[0], root: made.root_token };
    await server.unseal();
    return server;
  }

  /** The token that may do everything. */
  get rootToken(): string {
    return this.keys.root;
  }

  get<T>(path: string): Promise<T> {
    return this.request('GET', path);
  }

  post<T>(path: string, body: object = {}): Promise<T> {
    return this.request('POST', path, body);
  }

  put<T>(path: string, body: object = {}): Promise<T> {
    return this.request('PUT', path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.request('DELETE', path);
  }

  /** Gives a policy these paths, each with its capabilities, whatever it had before. */
  async policy(name: string, paths: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const rules = Object.entries(paths).map(
      ([path, capabilities]) => `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`,
    );
    await this.put(`sys/policies/acl/${name}`, { policy: rules.join('\n') });
  }

  /** Mounts a secrets engine. */
  async mount(path: string, type: string, options: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.post(`sys/mounts/${path}`, { type, options });
    // A versioned KV engine is set up in the background.
    if (type === 'kv') await until(() => this.answers(`${path}/config`), `the mount ${path} is ready`);
  }

  /** Makes a token with these policies. */
  async token(policies: readonly string[], options: object = {}): Promise<string> {
    const { auth } = await this.post<{ auth: { client_token: string } }>('auth/token/create', {
      policies,
      no_parent: true,
      ...options,
    });
    return auth.client_token;
  }

  async seal(): Promise<void> {
    await this.put('sys/seal');
  }

  async unseal(): Promise<void> {
    await this.put('sys/unseal', { key: this.keys.unseal });
    await this.server?.until(async () => (await statusOf(`${this.url}/v1/sys/health`)) === 200, 'OpenBao is active');
  }

  /** Stops it from answering, with its connections left open. */
  async freeze(): Promise<void> {
    await this.server?.freeze();
  }

  thaw(): void {
    this.server?.thaw();
  }

  async kill(): Promise<void> {
    await this.server?.kill();
  }

  /** Starts it again on the same address, with the same data, unsealed. */
  async restart(): Promise<void> {
    await this.kill();
    await this.launch();
    await this.unseal();
  }

  async stop(): Promise<void> {
    await this.kill();
    await this.folder.remove();
  }

  private async launch(): Promise<void> {
    const config = join(this.folder.path, 'config.json');
    const server = new Child(openbao.file('bin/bao'), ['server', `-config=${config}`]);
    this.server = server;
    await server.until(async () => (await statusOf(`${this.url}/v1/sys/seal-status`)) === 200, 'OpenBao answers');
  }

  private answers(path: string): Promise<boolean> {
    return this.get(path).then(
      () => true,
      () => false,
    );
  }

  private async request<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.url}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': this.keys.root },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}

/** Raft, because it is the one storage on disk that OpenBao has. */
async function writeConfiguration(
  folder: string,
  port: number,
  tlsPort: number | undefined,
  tls: OpenBaoOptions['tls'],
): Promise<void> {
  const file = (name: string): string => join(folder, name);
  const clusterAddress = `127.0.0.1:${await freePort()}`;
  const plain = { address: `127.0.0.1:${port}`, cluster_address: clusterAddress, tls_disable: true };
  const listeners: object[] = [{ tcp: plain }];
  if (tls !== undefined && tlsPort !== undefined) {
    await writeFile(file('tls.crt'), tls.certificatePem);
    await writeFile(file('tls.key'), tls.keyPem, { mode: 0o600 });
    const address = { address: `127.0.0.1:${tlsPort}`, cluster_address: `127.0.0.1:${await freePort()}` };
    listeners.push({ tcp: { ...address, tls_cert_file: file('tls.crt'), tls_key_file: file('tls.key') } });
  }
  const configuration = {
    storage: { raft: { path: folder, node_id: 'only', performance_multiplier: 1 } },
    listener: listeners,
    api_addr: `http://127.0.0.1:${port}`,
    cluster_addr: `http://${clusterAddress}`,
    log_level: 'warn',
  };
  await writeFile(file('config.json'), JSON.stringify(configuration));
}
