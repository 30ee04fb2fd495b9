import { messageOf } from '@key-connector/common';
import { type Check, type Finding, ok, problem, warning } from '../check.js';
import type { Examined } from '../examined.js';

/** Beyond this, logs of two machines no longer tell what came first; in milliseconds. */
const noticeable = 10_000;

const ntp = 'Let NTP (chrony, systemd-timesyncd) set the clock of this machine, and of that one.';

/** This machine's clock beside those of the database server and of the issuer. */
export const clockCheck: Check = {
  name: 'clock',
  async run(examined) {
    const [database, issuer] = await Promise.all([aheadOfDatabase(examined), aheadOfIssuer(examined)]);
    const { clockSkewSeconds } = examined.settings.auth;
    return [
      compared('the database server', database, Number.POSITIVE_INFINITY),
      compared('the identity server', issuer, clockSkewSeconds * 1000),
    ];
  },
};

/** Milliseconds by which the other clock is ahead, or why nobody knows. */
type Difference = number | string;

function compared(whose: string, difference: Difference, most: number): Finding {
  if (typeof difference === 'string')
    return warning(`The clock of ${whose} was not compared: ${difference}.`, 'Mend that first, and run doctor again.');
  const seconds = (Math.abs(difference) / 1000).toFixed(1);
  const what = `The clock of ${whose} is ${seconds} s ${difference >= 0 ? 'ahead of' : 'behind'} this machine’s.`;
  if (Math.abs(difference) > most)
    return problem(`${what} auth__clockSkewSeconds allows ${most / 1000}: tokens are refused.`, ntp);
  return Math.abs(difference) > noticeable ? warning(what, ntp) : ok(what);
}

async function aheadOfDatabase(examined: Examined): Promise<Difference> {
  try {
    return (await examined.facts()).clockAheadBy ?? 'there are no tables yet, or they may not be read';
  } catch {
    return 'the database cannot be looked at';
  }
}

/** By the Date header (RFC 9110, section 6.6.1), which has whole seconds: half a second is added. */
async function aheadOfIssuer({ settings: { auth, identityServerUri }, signal }: Examined): Promise<Difference> {
  const url = auth.jwksUri?.href ?? identityServerUri;
  if (url === undefined) return 'no server is named';
  try {
    const before = Date.now();
    const within = AbortSignal.any([signal, AbortSignal.timeout(auth.fetchTimeoutSeconds * 1000)]);
    const response = await fetch(url, { method: 'HEAD', redirect: 'manual', signal: within });
    const date = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(date)) return 'it sends no Date';
    const difference = date + 500 - (before + Date.now()) / 2;
    // What whole seconds cannot tell apart counts as none.
    return Math.abs(difference) < 1000 ? 0 : difference;
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'it did not answer' : messageOf(error);
  }
}
