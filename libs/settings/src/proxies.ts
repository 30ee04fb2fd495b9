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
 */
export function useProxies(environment: Environment = processEnvironment()): void {
  const given = (name: string): string | undefined =>
    [environment[name], environment[name.toUpperCase()]].find((value) => value !== undefined && value.trim() !== '');
  const names = ['http_proxy', 'https_proxy'].filter((name) => given(name) !== undefined);
  if (names.length === 0) return;
  const proxies: Record<string, string> = Object.fromEntries(
    names.map((name) => [name, requireUrl(name, given(name))]),
  );
  const without = (given('no_proxy') ?? '').split(/[,\s]+/).filter(Boolean);
  proxies['no_proxy'] = [...without.flatMap(withAllBelow), ...direct].join(',');
  http.setGlobalProxyFromEnv(proxies);
  const bothCases = Object.entries(proxies).flatMap(([name, value]) => [
    [name, value],
    [name.toUpperCase(), value],
  ]);
  extendProcessEnvironment(Object.fromEntries(bothCases) as Environment);
}

/**
 * A name in NO_PROXY means the host and all below it, with a dot before it or without, as curl has it. Node's agents take
 * each form for one of the two only.
 */
function withAllBelow(entry: string): string[] {
  const name = entry.replace(/^\*?\./, '');
  const isName = isIP(name) === 0 && /^[\w-]+(\.[\w-]+)*$/.test(name);
  return isName ? [name, `.${name}`] : [entry];
}

function requireUrl(name: string, value = ''): string {
  const unescaped = whyUnescaped(value.trim());
  if (unescaped !== undefined)
    throw new SettingsInvalid([{ name: name.toUpperCase(), rule: unescaped, where: 'environment' }]);
  if (URL.canParse(value) && /^https?:/.test(value)) return value;
  const rule = 'must be the http(s) URL of a proxy, such as http://proxy.example.com:3128';
  throw new SettingsInvalid([{ name: name.toUpperCase(), rule, where: 'environment' }]);
}
