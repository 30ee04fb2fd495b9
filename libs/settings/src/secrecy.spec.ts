import { randomBytes, randomInt } from 'node:crypto';

import { afterAll, describe, expect, it } from '@jest/globals';

import { catalogue } from './catalogue.js';
import { environmentName } from './names.js';
import { problemLines, SpecFolder } from './testing/settings-case.js';

/** Eight characters that stand in no message by chance. */
const marker = (): string => `q${randomBytes(6).toString('hex')}z`;

/** Texts that a parser may quote: wrong words, connection strings, URLs, numbers, quotes left open. */
const shapes: ((marker: string) => string)[] = [
  (m) => m,
  (m) => `Host=${m};Password=${m};Port=${m}`,
  (m) => `Server=tcp:${m},1433;Password='${m}`,
  (m) => `Host=h;Username=u;Password="${m}";SSL Mode=${m}`,
  (m) => `Data Source=${m};Mode=${m}`,
  (m) => `postgres://user:${m}@${m}:99999/${m}?sslmode=${m}`,
  (m) => `https://user:${m}@host name/${m}`,
  (m) => `ftp://${m}`,
  (m) => `-1${m}`,
  (m) => `true,${m},*`,
  (m) => `{"password": "${m}"`,
  (m) => `\u0000${m}\n${m}`,
];
const providers = ['postgresql', 'mysql', 'sqlserver', 'sqlite', 'json', 'mongo', undefined];

describe('errors about settings', () => {
  const folder = new SpecFolder();
  afterAll(() => {
    folder.remove();
  });
  const pick = <T>(items: readonly T[]): T => items[randomInt(items.length)] as T;

  it('never hold a value from the environment, whatever is given', async () => {
    for (let round = 0; round < 300; round += 1) {
      const secretPart = marker();
      const environment: Record<string, string> = {};
      for (const { path } of catalogue.settings) {
        if (randomInt(3) > 0) environment[environmentName(path)] = pick(shapes)(secretPart);
      }
      const provider = pick(providers);
      if (provider) environment['keyConnectorSettings__database__provider'] = provider;
      const lines = await problemLines(environment);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.join('\n')).not.toContain(secretPart);
    }
  });

  const slips: ((m: string) => string)[] = [
    (m) => `keyConnectorSettings:\n  certificate:\n    filesystemPassword:${m}\n    provider: filesystem\n`,
    (m) => `keyConnectorSettings:\n  certificate:\n    filesystemPassword: ${m}: ${m}\n`,
    (m) => `keyConnectorSettings:\n  certificate:\n    filesystemPassword: "${m}\n`,
    (m) => `keyConnectorSettings:\n  certificate:\n    filesystemPassword: [${m}, {a: ${m}}]\n`,
    (m) => `keyConnectorSettings:\n  certificate: ${m}\n`,
    (m) => `keyConnectorSettings:\n  certificate:\n    filesystemPassword: !${m} ${m}\n`,
    (m) => `keyConnectorSettings:\n  certificate:\n    filesystemPassword: &${m} x\n    filesystemPath: *${m}x\n`,
    (m) => `keyConnectorSettings:\n  certificate:\n    filesystemPassword: |${m}\n      x\n`,
    (m) => `keyConnectorSettings:\n  certificate:\n    filesystemPassword: ${m} two: 3\n`,
    (m) => `keyConnectorSettings:\n  certificate:\n    {filesystemPassword: ${m}\n`,
    (m) => `${m}\n`,
    (m) => `%${m}\n---\n- ${m}`,
  ];

  it.each(slips)('never hold a value from a YAML file with a slip in it (%#)', async (slip) => {
    const secretPart = marker();
    const lines = await problemLines({ KEY_CONNECTOR_CONFIG: folder.write('config.yaml', slip(secretPart)) });
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toContain(secretPart);
  });
});
