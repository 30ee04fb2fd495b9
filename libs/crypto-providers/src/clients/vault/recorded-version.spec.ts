import { describe, expect, it } from '@jest/globals';
import { recordedVersion } from './recorded-version.js';

const of = (...versions: (number | string)[]): string[] => versions.map((version) => `x:key/versions/${version}`);

describe('the recorded version', () => {
  it('is the one that the wrappings name', () => {
    expect(recordedVersion('x:key/versions/', of(3, 3))).toBe(3);
    expect(recordedVersion('@x:key/versions/', ['certificate:sha1:00@x:key/versions/12'])).toBe(12);
  });

  it('stays the older one until the newer one wraps every data key', () => {
    expect(recordedVersion('x:key/versions/', of(1, 1, 2))).toBe(1);
    expect(recordedVersion('x:key/versions/', of(1, 1, 2, 2))).toBe(2);
    expect(recordedVersion('x:key/versions/', of(9, 9, 10, 10))).toBe(10);
  });

  it('is none where nothing is recorded of this key', () => {
    expect(recordedVersion('x:key/versions/', [])).toBeUndefined();
    expect(recordedVersion('x:key/versions/', ['x:other/versions/1', 'x:key/versions', ''])).toBeUndefined();
    expect(recordedVersion('x:key/versions/', of('0', '-1', '1.5', '1e3', 'one'))).toBeUndefined();
  });
});
