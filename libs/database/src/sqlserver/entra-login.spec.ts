import { describe, expect, test } from '@jest/globals';
import type { TokenCredential } from '@azure/identity';
import type { Connection } from 'mssql';
import { servicePrincipal } from './entra-login.js';

/** The part of tedious' connection that a login with a token goes through. */
function connectionTo(stsurl: string | undefined): {
  connection: Connection;
  logIn: () => Promise<string | undefined>;
} {
  const options: { credential?: TokenCredential } = {};
  const connection = {
    config: { authentication: { options } },
    createTokenStreamParser: (_message: unknown, handler: { fedAuthInfoToken?: object }) => {
      handler.fedAuthInfoToken = stsurl === undefined ? {} : { stsurl };
    },
  };
  return {
    connection: connection as unknown as Connection,
    logIn: async () => {
      connection.createTokenStreamParser(undefined, {});
      return (await options.credential?.getToken('scope'))?.token;
    },
  };
}

describe('a service principal on SQL Server', () => {
  const asked: string[] = [];
  const login = servicePrincipal((tenant, authorityHost) => {
    asked.push(`${authorityHost} ${tenant}`);
    return { getToken: (scope) => Promise.resolve({ token: `${tenant} ${String(scope)}`, expiresOnTimestamp: 0 }) };
  });
  const logInTo = (stsurl?: string): Promise<string | undefined> => {
    const { connection, logIn } = connectionTo(stsurl);
    login.beforeConnect?.(connection);
    return logIn();
  };

  test('logs in at the tenant that the server names, and keeps one credential for it', async () => {
    expect(await logInTo('https://login.microsoftonline.com/one')).toBe('one scope');
    expect(await logInTo('https://login.microsoftonline.com/one')).toBe('one scope');
    expect(await logInTo('https://login.microsoftonline.us/two')).toBe('two scope');
    expect(asked).toEqual(['https://login.microsoftonline.com one', 'https://login.microsoftonline.us two']);
  });

  test('says so when the server names none', async () => {
    await expect(logInTo()).rejects.toThrow('names no tenant');
  });
});
