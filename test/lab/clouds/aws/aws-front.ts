import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { close, listen } from '../../network/listen.ts';

/** What goes wrong with a call: an answer of AWS' own, an answer that never comes, a cut connection, another answer. */
export type AwsFault =
  | { readonly status: number; readonly type: string; readonly message?: string }
  | { readonly rewrite: (answer: string) => string }
  | 'stall'
  | 'cut';

/** Stands between the SDK and the emulator. */
export interface AwsFront {
  readonly endpoint: string;
  /** The actions asked for so far: `Decrypt`, `AssumeRoleWithWebIdentity`, … */
  readonly actions: string[];
  /** Decides about each call; `undefined` passes it on. */
  fault: (action: string) => AwsFault | undefined;
  stop(): Promise<void>;
}

type Json = Record<string, unknown>;

/** Bytes of the tag behind a symmetric ciphertext. */
const tagLength = 32;

/**
 * Passes requests on to the emulator as they are, so that their signatures hold, and lets calls fail as they fail at
 * AWS. The emulator's symmetric encryption is no more than a one-time pad: here its ciphertexts get what AES-GCM gives
 * at AWS, a tag that shows damage and foreign keys.
 */
export async function startAwsFront(emulatorPort: number): Promise<AwsFront> {
  const seal = new SymmetricSeal();
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing, front, seal, emulatorPort).catch(() => outgoing.destroy());
  });
  const front: AwsFront = {
    endpoint: `http://127.0.0.1:${await listen(server)}`,
    actions: [],
    fault: () => undefined,
    stop: () => close(server),
  };
  return front;
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  front: AwsFront,
  seal: SymmetricSeal,
  emulatorPort: number,
): Promise<void> {
  const body = await buffer(incoming);
  const action = actionOf(incoming, body);
  front.actions.push(action);
  const fault = front.fault(action);
  if (fault === 'stall') return;
  if (fault === 'cut') {
    incoming.socket.destroy();
    return;
  }
  if (fault !== undefined && 'status' in fault) {
    send(outgoing, fault.status, { __type: fault.type, message: fault.message ?? '' });
    return;
  }
  const { status, contentType, bytes } = await passOn(incoming, body, emulatorPort);
  if (status !== 200) {
    outgoing.writeHead(status, { 'content-type': contentType }).end(bytes);
    return;
  }
  let text = bytes.toString();
  if (contentType.includes('json')) {
    const given = JSON.parse(text) as Json;
    const refused = seal.apply(action, JSON.parse(body.toString() || '{}') as Json, given);
    if (refused !== undefined) {
      send(outgoing, 400, { __type: refused, message: '' });
      return;
    }
    text = JSON.stringify(given);
  }
  outgoing.writeHead(200, { 'content-type': contentType }).end(fault?.rewrite(text) ?? text);
}

/** A tag over ciphertext and key, as AES-GCM has one. */
class SymmetricSeal {
  private readonly secret = randomBytes(32);

  /** Changes the emulator's answer; gives the type of error where AWS would refuse. */
  apply(action: string, asked: Json, given: Json): string | undefined {
    if (given['EncryptionAlgorithm'] !== 'SYMMETRIC_DEFAULT') return undefined;
    if (action === 'Encrypt') {
      const blob = Buffer.from(String(given['CiphertextBlob']), 'base64');
      given['CiphertextBlob'] = Buffer.concat([blob, this.tag(given['KeyId'], blob)]).toString('base64');
    }
    if (action === 'Decrypt') {
      const sealed = Buffer.from(String(asked['CiphertextBlob']), 'base64');
      const blob = sealed.subarray(0, -tagLength);
      const tag = sealed.subarray(-tagLength);
      if (tag.length !== tagLength) return 'InvalidCiphertextException';
      // The ciphertext begins with the id of its key.
      const namesKey = String(given['KeyId']).endsWith(blob.subarray(0, 36).toString('latin1'));
      if (!namesKey) return 'IncorrectKeyException';
      if (!timingSafeEqual(tag, this.tag(given['KeyId'], blob))) return 'InvalidCiphertextException';
      const plaintext = Buffer.from(String(given['Plaintext']), 'base64');
      given['Plaintext'] = plaintext.subarray(0, -tagLength).toString('base64');
    }
    return undefined;
  }

  private tag(keyId: unknown, blob: Uint8Array): Buffer {
    return createHmac('sha256', this.secret).update(String(keyId)).update(blob).digest();
  }
}

interface Passed {
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Buffer;
}

function passOn(incoming: IncomingMessage, body: Buffer, port: number): Promise<Passed> {
  return new Promise((resolve, reject) => {
    const { method, url: path, headers } = incoming;
    const onward = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      buffer(response).then((bytes) => {
        resolve({
          status: response.statusCode ?? 502,
          contentType: response.headers['content-type'] ?? 'application/octet-stream',
          bytes,
        });
      }, reject);
    });
    onward.once('error', reject);
    onward.end(body);
  });
}

/** The JSON protocol names the action in a header, the query protocol in its body. */
function actionOf({ headers }: IncomingMessage, body: Buffer): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.').at(-1) ?? '';
  return new URLSearchParams(body.toString()).get('Action') ?? '';
}

function send(outgoing: ServerResponse, status: number, body: Json): void {
  outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}
