import { chooseKeySource } from '@key-connector/auth';
import { messageOf } from '@key-connector/common';
import { type Check, ok, problem, warning } from '../check.js';

/** Discovery and signing keys, fetched from here as the service does it. */
export const issuerCheck: Check = {
  name: 'issuer',
  async run({ settings: { auth, identityServerUri }, signal }) {
    const source = chooseKeySource({ ...auth, identityServerUri });
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(auth.fetchTimeoutSeconds * 1000)]);
      const { issuer, size, remarks } = await source.load(within);
      const found = ok(
        `${source.description}: the issuer is ${issuer}, with ${size} signing ${size === 1 ? 'key' : 'keys'}.`,
      );
      return [found, ...remarks.map((remark) => warning(remark, 'Ask those who run the identity server.'))];
    } catch (error) {
      return [problem(`No signing keys: ${messageOf(error)}.`.replace(/\.\.$/, '.'), whatToDo(error))];
    }
  },
};

/** What keeps a machine from a server that everybody else reaches. */
function whatToDo(error: unknown): string {
  const said = `${messageOf(error)} ${messageOf((error as Error).cause)}`;
  if (/certificate|self.signed|CERT_|issuer/i.test(said))
    return 'Put the certificate authority into a file and name it in tls__extraCaPath.';
  if (/ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|no answer|timeout/i.test(said))
    return (
      'From this machine the address does not answer. Behind a router that does not send its own public address back ' +
      'inside (hairpin NAT), name the inner address in identityServerUri, such as http://identity:5000, or give the public ' +
      'name its inner address in /etc/hosts or extra_hosts.'
    );
  if (/ENOTFOUND|EAI_AGAIN/.test(said))
    return 'The name is not known here: look at the name servers of this machine or container.';
  return 'Open that address from this machine, and compare identityServerUri with what it says.';
}
