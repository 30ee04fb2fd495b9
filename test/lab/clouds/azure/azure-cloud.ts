import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { tlsCertificate } from '../../files/certificate.js';
import { type DoubleAnswer, type DoubleRequest, json } from '../cloud-double.js';
import { type EntraApplication, EntraDouble } from './entra.double.js';
import { KeyVaultDouble } from './key-vault.double.js';

/** Where each cloud signs in, by the end of its vaults' names. */
const clouds = {
  'vault.azure.net': 'login.microsoftonline.com',
  'managedhsm.azure.net': 'login.microsoftonline.com',
  'vault.usgovcloudapi.net': 'login.microsoftonline.us',
  'vault.azure.cn': 'login.chinacloudapi.cn',
  // A company's own gateway in front of vaults of the public cloud.
  'company.example': 'login.microsoftonline.com',
} as const;

/** Where tokens are asked for; the Chinese cloud has that under another name than its sign-in. */
const logins = new Set<string>([...Object.values(clouds), 'login.partner.microsoftonline.cn']);

/**
 * Azure as a service sees it from inside a company: under its real names, through the company's proxy, with certificates
 * of an authority that the company added. Nothing leaves the machine.
 */
export class AzureCloud {
  readonly entra = new EntraDouble();
  /** Names and ports that the proxy was asked for. */
  readonly tunnels: string[] = [];
  /** The authority that signed the certificates, PEM. */
  readonly caPem: string;
  /** Whether names resolve at all: false is a company that lost its way to the cloud. */
  reachable = true;
  /** The identity of the machine, for the instance metadata service; none when it has none. */
  identity: EntraApplication | undefined;
  private readonly connections = new Set<Duplex>();
  private readonly vaults = new Map<string, KeyVaultDouble>();
  private readonly cloud: Server;
  private readonly proxy = createHttpServer();
  private readonly metadata = createHttpServer();

  private constructor() {
    const certificate = tlsCertificate([...Object.keys(clouds).map((suffix) => `*.${suffix}`), ...logins]);
    this.caPem = certificate.caPem;
    this.cloud = createHttpsServer({ cert: certificate.certificatePem, key: certificate.keyPem });
    this.cloud.on(
      'request',
      answerWith((request) => this.answer(request)),
    );
    this.metadata.on(
      'request',
      answerWith((request) =>
        this.identity === undefined
          ? json(400, { error: 'invalid_request', error_description: 'Identity not found' })
          : this.entra.instanceMetadata(request, this.identity),
      ),
    );
    this.proxy.on('connect', (request: IncomingMessage, socket) => {
      this.tunnel(request.url ?? '', socket);
    });
  }

  static async start(): Promise<AzureCloud> {
    const azure = new AzureCloud();
    for (const server of [azure.cloud, azure.proxy, azure.metadata]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    return azure;
  }

  /** Makes a vault, or a managed HSM, in one of the clouds. */
  vault(name: string, suffix: keyof typeof clouds = 'vault.azure.net'): KeyVaultDouble {
    const vault = new KeyVaultDouble(`${name}.${suffix}`, this.entra, clouds[suffix]);
    this.vaults.set(vault.host, vault);
    return vault;
  }

  /** What leads a process to this cloud: the variables for the proxy. */
  get environment(): Readonly<Record<string, string>> {
    return { HTTPS_PROXY: `http://127.0.0.1:${portOf(this.proxy)}`, NO_PROXY: '127.0.0.1' };
  }

  /** What leads a process to the instance metadata service, as a cluster with pod identities sets it. */
  get metadataEnvironment(): Readonly<Record<string, string>> {
    return { AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://127.0.0.1:${portOf(this.metadata)}` };
  }

  /** Leads this very process there, and trusts the authority; the returned function undoes it. */
  enter(): () => void {
    const before = { ...process.env };
    const trusted = tls.getCACertificates('default');
    Object.assign(process.env, this.environment);
    tls.setDefaultCACertificates([...trusted, this.caPem]);
    return () => {
      for (const name of Object.keys(this.environment)) {
        if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[name];
      }
      tls.setDefaultCACertificates(trusted);
    };
  }

  /** Cuts the company off: open connections break, and no new one comes to be until `reachable` is true again. */
  disconnect(): void {
    this.reachable = false;
    for (const socket of this.connections) socket.destroy();
  }

  stop(): void {
    this.disconnect();
    for (const server of [this.cloud, this.proxy, this.metadata]) {
      server.close();
      server.closeAllConnections();
    }
  }

  private answer(request: DoubleRequest): DoubleAnswer | undefined {
    const host = request.url.hostname;
    if (logins.has(host)) return this.entra.login(request);
    return this.vaults.get(host)?.handle(request);
  }

  /** The proxy: it knows the names of the cloud and nothing else. */
  private tunnel(target: string, client: Duplex): void {
    this.tunnels.push(target);
    const [host = '', port] = target.split(':');
    const known = this.vaults.has(host) || logins.has(host);
    if (!this.reachable || !known || port !== '443') {
      client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const server = connect(portOf(this.cloud), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      server.pipe(client).pipe(server);
    });
    this.connections.add(client);
    const end = (): void => {
      server.destroy();
      client.destroy();
      this.connections.delete(client);
    };
    server.on('error', end).on('close', end);
    client.on('error', end).on('close', end);
  }
}

/** Lets a double answer HTTP requests; where it gives no answer, the request hangs. */
function answerWith(
  answer: (request: DoubleRequest) => DoubleAnswer | undefined,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void text(request).then((body) => {
      const { method = '', headers } = request;
      const url = new URL(request.url ?? '', `https://${headers.host ?? ''}`);
      const given = answer({ method, url, headers, body });
      if (given !== undefined) response.writeHead(given.status, given.headers).end(given.body);
    });
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
