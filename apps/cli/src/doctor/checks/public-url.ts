import { fetchFailure, readText } from '@key-connector/common';
import { type Check, type Finding, ok, problem, warning } from '../check.js';

const seconds = 10;

/** Nobody listens in there: an installation that is being tried. */
const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** The way that members’ clients take: through the proxy, under its path, from the web vault’s origin. */
export const publicUrlCheck: Check = {
  name: 'public url',
  async run({ options: { publicUrl }, settings: { webVaultUri, http }, signal }) {
    if (publicUrl === undefined)
      return [
        warning(
          'The way through the proxy was not looked at.',
          'Add --public-url https://…, the address that the organization has for Key Connector.',
        ),
      ];
    const base = publicUrl.href.replace(/\/$/, '');
    const insecure =
      publicUrl.protocol === 'https:' || loopback.test(publicUrl.hostname)
        ? []
        : [problem(`${base} is not https: keys travel readable.`, 'Let the proxy end TLS.')];
    const within = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
    try {
      const refused = await fetch(`${base}/user-keys`, { redirect: 'manual', signal: within() });
      const answered = whoAnswers(base, refused.status, await readText(refused, 64 * 1024), http.basePath);
      if (answered.level === 'problem' || webVaultUri === undefined) return [...insecure, answered];
      const origin = new URL(webVaultUri.href).origin;
      const preflight = await fetch(`${base}/user-keys`, {
        method: 'OPTIONS',
        redirect: 'manual',
        signal: within(),
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        },
      });
      await preflight.body?.cancel();
      return [...insecure, answered, allows(origin, preflight)];
    } catch (error) {
      return [
        ...insecure,
        problem(
          `${base} does not answer from here: ${fetchFailure(error)}.`,
          'Members’ clients need it: look at DNS, the proxy and its certificate. From inside, hairpin NAT may be what keeps only this machine out.',
        ),
      ];
    }
  },
};

/** Without a token, this service and nobody else says so with 401 and a code. */
function whoAnswers(base: string, status: number, body: string, basePath: string): Finding {
  const code = codeOf(body);
  if (status === 401 && code === 'TOKEN_MISSING') return ok(`${base}/user-keys leads to a Key Connector.`);
  if (code === 'ROUTE_NOT_FOUND')
    return problem(
      `${base} leads to a Key Connector, but not to its routes (404).`,
      `The proxy and http__basePath (${basePath || 'not set'}) must agree on the path: give the path that arrives here, or let the proxy cut it off.`,
    );
  if (status >= 300 && status < 400)
    return problem(
      `${base}/user-keys is redirected (${status}).`,
      'Clients do not follow it: let the proxy send this path to the service.',
    );
  if (status === 502 || status === 503 || status === 504)
    return problem(
      `The proxy at ${base} does not reach the service (${status}).`,
      'Look at the address that the proxy has for it, and whether the service runs.',
    );
  return problem(
    `Something else answers ${base}/user-keys (${status}${/<html|<!doctype/i.test(body) ? ', a web page' : ''}).`,
    'The proxy lacks a location for this path, and the web vault or another server takes it: add one that leads to the service.',
  );
}

function codeOf(body: string): string | undefined {
  try {
    const { code } = JSON.parse(body) as { code?: unknown };
    return typeof code === 'string' ? code : undefined;
  } catch {
    return undefined;
  }
}

function allows(origin: string, { status, headers }: Response): Finding {
  const allowed = headers.get('access-control-allow-origin');
  if (allowed === origin && status < 300) return ok(`Browsers at ${origin} may call it.`);
  return problem(
    `Browsers at ${origin} may not call it (status ${status}, Access-Control-Allow-Origin: ${allowed ?? 'none'}).`,
    'Let the proxy pass OPTIONS through and leave Access-Control headers alone; webVaultUri must be the address in the browser.',
  );
}
