import { describe, expect, it } from '@jest/globals';

import { redact } from './redact.js';
import { enoughAnd, settingsOf } from './testing/settings-case.js';

describe('redact', () => {
  const settings = settingsOf(
    enoughAnd({
      identityServerUri: 'https://vault.example/identity',
      auth__tokenType: 'at+jwt',
      database__provider: 'postgresql',
      database__postgreSqlConnectionString: "Host=db.example;Username=keys;Password='hunter2;hunter2'",
      certificate__filesystemPassword: 'hunter2',
    }),
  );

  it('hides every secret, wherever it stands', () => {
    expect(JSON.stringify(settings)).toContain('hunter2');
    expect(JSON.stringify(redact(settings))).not.toContain('hunter2');
  });

  it('keeps what an operator looks for', () => {
    expect(redact(settings)).toMatchObject({
      identityServerUri: 'https://vault.example/identity',
      auth: { tokenType: 'at+jwt' },
      database: { connection: { endpoints: [{ host: 'db.example', port: 5432 }], username: 'keys', password: '***' } },
      keyProvider: { source: { path: '/srv/bwkc.pfx', password: '***' } },
    });
  });

  it.each([{ vaultToken: 'hunter2' }, { vaultAppRoleId: 'role', vaultAppRoleSecretId: 'hunter2' }])(
    'hides how the service logs in at a key provider (%j)',
    (login) => {
      const vault = {
        provider: 'vaulttransit',
        vaultServerUri: 'https://bao.example',
        vaultTransitKeyName: 'kc',
        ...login,
      };
      const named = Object.entries(vault).map(([name, value]) => [`rsaKey__${name}`, value] as const);
      const printed = JSON.stringify(redact(settingsOf(enoughAnd(Object.fromEntries(named)))));
      expect(printed).toContain('https://bao.example');
      expect(printed).not.toContain('hunter2');
    },
  );
});
