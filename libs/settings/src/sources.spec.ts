import { afterAll, describe, expect, it } from '@jest/globals';

import { configFile } from './sources.js';
import { SpecFolder } from './testing/settings-case.js';

describe('the settings file', () => {
  const folder = new SpecFolder();
  afterAll(() => {
    folder.remove();
  });
  const usual = folder.write('config.yaml', '');
  const missing = folder.pathOf('missing.yaml');

  it('is the one that the environment names, whether or not it exists', () => {
    expect(configFile({ KEY_CONNECTOR_CONFIG: ` ${missing} ` }, usual)).toBe(missing);
  });

  it.each([{}, { KEY_CONNECTOR_CONFIG: ' ' }])(
    'is the usual one where it exists, when none is named',
    (environment) => {
      expect(configFile(environment, usual)).toBe(usual);
      expect(configFile(environment, missing)).toBeUndefined();
    },
  );

  it('is not passed over when it cannot be looked at', () => {
    const loop = `${usual}${'/x'.repeat(3000)}`;
    expect(configFile({}, loop)).toBe(loop);
  });
});
