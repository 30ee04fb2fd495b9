/**
 * The process that loads the PKCS#11 module, so that a module that hangs or crashes takes nothing else with it.
 *
 * From the sources, Node runs this file as it stands: it and what it imports keep to TypeScript that can be stripped.
 */
import { type FoundKey, type Order, type Request, type Response, TokenError } from '../token-protocol.ts';
import type { OpenToken } from './open-token.ts';

let token: OpenToken | undefined;

// The service decides when this process ends: it may ask until its own last request.
process.on('SIGTERM', () => undefined);
process.on('SIGINT', () => undefined);
process.on('disconnect', () => {
  token?.close();
  process.exit();
});
process.on('message', (request: Request) => void answer(request));

async function answer({ number, order }: Request): Promise<void> {
  try {
    const result = await carryOut(order);
    reply({ number, result }, () => {
      if (result instanceof Uint8Array) result.fill(0);
    });
  } catch (error) {
    reply({ number, error: reported(error) });
  }
}

async function carryOut(order: Order): Promise<FoundKey | Uint8Array> {
  if (order.kind === 'open') {
    token = (await loadBinding()).openToken(order);
    return token.key;
  }
  if (token === undefined) throw new Error('no token is open');
  return token.decrypt(order.hash, order.ciphertext);
}

/**
 * The one place that loads graphene-pk11, and with it pkcs11js, which is built at install where there is a compiler.
 */
async function loadBinding(): Promise<typeof import('./open-token.ts')> {
  try {
    return await import('./open-token.ts');
  } catch (error) {
    const message =
      'the packages graphene-pk11 and pkcs11js are not built here: install g++, make and Python 3, then run ' +
      '"npm install" and "npm rebuild pkcs11js"';
    throw Object.assign(new TokenError('setup', message), { cause: error });
  }
}

function reported(error: unknown): Pick<TokenError, 'kind' | 'message'> {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: error instanceof TokenError ? error.kind : 'lost', message };
}

function reply(response: Response, sent: () => void = () => undefined): void {
  process.send?.(response, sent);
}
