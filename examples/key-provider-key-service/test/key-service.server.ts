import { constants, generateKeyPairSync, type KeyObject, privateDecrypt, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const oaepHashes: Readonly<Record<string, string>> = { 'RSA-OAEP': 'sha1', 'RSA-OAEP-256': 'sha256' };

/** A key service with real RSA keys, in memory. */
export class KeyServiceServer {
  readonly token = randomBytes(24).toString('base64url');
  /** The calls so far, such as `decrypt company/1`. */
  readonly calls: string[] = [];
  private readonly keys = new Map<string, KeyPair[]>();
  private server: Server | undefined;
  private port = 0;

  static async start(): Promise<KeyServiceServer> {
    const service = new KeyServiceServer();
    await service.restart();
    return service;
  }

  /** Answers on its port, after `stop` again. */
  async restart(): Promise<void> {
    this.server = await this.listen(createServer(), this.port);
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Answers on a further port; the caller closes it. */
  alsoOn(port: number): Promise<Server> {
    return this.listen(createServer(), port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Makes a key, or a newer version of it; gives its public half. */
  addVersion(key: string): KeyObject {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.keys.set(key, [...(this.keys.get(key) ?? []), pair]);
    return pair.publicKey;
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  private async listen(server: Server, port: number): Promise<Server> {
    server.on('request', (request, response) => {
      void this.answer(request).then(({ status, body }) => {
        // No idle connection that would hold up the end of a test.
        response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
        response.end(JSON.stringify(body));
      });
    });
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return server;
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    if (request.headers.authorization !== `Bearer ${this.token}`) return { status: 401, body: {} };
    const [, key = '', wanted = '', operation] =
      /^\/v1\/keys\/([\w-]+)\/versions\/(\w+)(?:\/(decrypt))?$/.exec(request.url ?? '') ?? [];
    const versions = this.keys.get(key) ?? [];
    const version = wanted === 'latest' ? versions.length : Number(wanted);
    const pair = versions[version - 1];
    if (pair === undefined) return { status: 404, body: {} };
    this.calls.push(`${operation ?? 'read'} ${key}/${version}`);
    if (operation === 'decrypt') return decrypt(pair.privateKey, (await json(request)) as Record<string, string>);
    return { status: 200, body: { version, publicKey: pair.publicKey.export({ format: 'pem', type: 'spki' }) } };
  }
}

function decrypt(privateKey: KeyObject, { algorithm = '', ciphertext = '' }: Record<string, string>): Answer {
  const oaepHash = Object.hasOwn(oaepHashes, algorithm) ? oaepHashes[algorithm] : undefined;
  if (oaepHash === undefined) return { status: 400, body: {} };
  try {
    const options = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash };
    const plaintext = privateDecrypt(options, Buffer.from(ciphertext, 'base64'));
    return { status: 200, body: { plaintext: plaintext.toString('base64') } };
  } catch {
    return { status: 400, body: {} };
  }
}
