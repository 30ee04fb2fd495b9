import http from 'node:http';
import { isIP } from 'node:net';
import { whyUnescaped } from '@key-connector/common';
import { type Environment, extendProcessEnvironment, processEnvironment } from './environment.js';
import { SettingsInvalid } from './settings.errors.js';

/** This machine, and where clouds give a workload its credentials: no proxy can reach those for it. */
const direct = [
  'localhost',
  '127.0.0.1',
  '::1',
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  'metadata.google.internal',
];

/**
 * Sends every HTTP call of this process through the proxies that its environment names, in upper or lower case: by
 * `fetch`, by Node's own agents, and by libraries that read the variables themselves, some in one case only.
 *
 * @returns what an operator should look at, a sentence each.
 */
export function useProxies(environment: Environment = processEnvironment()): string[] {
  const given = (name: string): string | undefined =>
    [environment[name], environment[name.toUpperCase()]].find((value) => value !== undefined && value.trim() !== '');
  const without = (given('no_proxy') ?? '')
    .toLowerCase()
    .split(/[,\s]+/)
    .filter(Boolean);
  // Not every library knows the asterisk.
  if (without.includes('*')) {
    const names = ['http_proxy', 'https_proxy', 'all_proxy'];
    extendProcessEnvironment(inBothCases(Object.fromEntries(names.map((name) => [name, '']))));
    return [];
  }
  const proxies: Record<string, string> = {};
  for (const name of ['http_proxy', 'https_proxy']) {
    const source = given(name) === undefined ? 'all_proxy' : name;
    const value = given(source);
    if (value !== undefined) proxies[name] = proxyUrl(source, value.trim());
  }
  if (Object.keys(proxies).length === 0) return [];
  proxies['no_proxy'] = [...without, ...direct].flatMap(spellings).join(',');
  http.setGlobalProxyFromEnv(proxies);
  extendProcessEnvironment(inBothCases(proxies));
  const withSlash = without.filter((entry) => entry.includes('/'));
  const ranges = withSlash.filter((entry) => range.test(entry));
  return [
    ...(ranges.length === 0
      ? []
      : [
          `NO_PROXY: ranges of addresses (${ranges.join(', ')}) count for Google Cloud KMS only; name hosts or domains.`,
        ]),
    // It is not shown: it may be the URL of a proxy, with its password.
    ...(ranges.length === withSlash.length
      ? []
      : ['NO_PROXY: an entry with a / counts for nothing; name hosts or domains.']),
  ];
}

const range = /^\[?[\da-f.:]+\]?\/\d{1,3}$/i;

const inBothCases = (variables: Readonly<Record<string, string>>): Environment =>
  Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => [
      [name, value],
      [name.toUpperCase(), value],
    ]),
  );

/**
 * An entry in every spelling that some library needs. A name means the host and all below it, with a dot before it or
 * without, as curl has it; Node's agents take each form for one of the two only. IPv6 stands in brackets in URLs.
 */
function spellings(entry: string): string[] {
  const name = entry.replace(/^\*?\./, '');
  const address = name.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) === 6) return [address, `[${address}]`];
  const isName = isIP(name) === 0 && /^[\w-]+(\.[\w-]+)*$/.test(name);
  return isName ? [name, `.${name}`] : [entry];
}

const hasScheme = /^[a-z][a-z\d+.-]*:\/\//i;

/**
 * The URL of a proxy, which may be given without its scheme, as curl takes it. Its value is never told: it may hold a
 * password.
 */
function proxyUrl(name: string, value: string): string {
  const refuse = (rule: string): never => {
    throw new SettingsInvalid([{ name: name.toUpperCase(), rule, where: 'environment' }]);
  };
  if (/^socks/i.test(value))
    return refuse('is a SOCKS proxy, which the service cannot use: name an HTTP proxy, or take the variable away');
  const given = hasScheme.test(value) ? value : `http://${value}`;
  const unescaped = whyUnescaped(given);
  if (unescaped !== undefined) return refuse(unescaped);
  const url = URL.parse(given);
  if (url === null || !/^https?:$/.test(url.protocol))
    return refuse('must be the http(s) URL of a proxy, such as http://proxy.example.com:3128');
  if (url.pathname + url.search + url.hash !== '/') return refuse('must end after host and port');
  return given;
}
