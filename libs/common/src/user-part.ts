/** How a URL writes what would end its user part (RFC 3986, section 2.1). */
const table = '@ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25';

/**
 * Why nobody can tell where the user part of a URL ends: an unescaped `@`, `/`, `?`, `#` or `%` in a password would
 * send its tail to a name server, to a log or to the server. `undefined` when it is clear. The URL itself is not shown.
 *
 * @example
 * whyUnescaped('postgres://kc:se@cret@db/keys'); // 'holds a character that must be escaped: …'
 * whyUnescaped('postgres://kc:se%40cret@db/keys'); // undefined
 */
export function whyUnescaped(url: string): string | undefined {
  const [, behindScheme = url] = /^[^/]*:\/\/(.*)$/s.exec(url) ?? [];
  // Whoever reads http(s) takes \ for /.
  const [authority = ''] = (/^https?:/i.test(url) ? /^[^/?#\\]*/ : /^[^/?#]*/).exec(behindScheme) ?? [];
  const isClear = behindScheme.split('@').length <= 2 && authority.includes('@') === behindScheme.includes('@');
  const user = authority.slice(0, Math.max(0, authority.indexOf('@')));
  if (isClear && isDecodable(user)) return undefined;
  return `holds a character that must be escaped: in user name and password (and for an @ anywhere else) write ${table}`;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
