import { describe, expect, test } from '@jest/globals';
import { parseAdoNet } from './ado-net.js';

const pairs = (text: string): [string, string][] => parseAdoNet(text).map(({ key, value }) => [key, value]);

describe('an ADO.NET connection string', () => {
  test.each<[string, [string, string][]]>([
    [
      'Host=a;Port=1',
      [
        ['Host', 'a'],
        ['Port', '1'],
      ],
    ],
    [
      ' Host = a b ; ; Port=1 ; ',
      [
        ['Host', 'a b'],
        ['Port', '1'],
      ],
    ],
    [`Password="a;b'c"`, [['Password', `a;b'c`]]],
    [
      `Password='a;b"c' ;Host=h`,
      [
        ['Password', `a;b"c`],
        ['Host', 'h'],
      ],
    ],
    [`Password="say ""hi"""`, [['Password', 'say "hi"']]],
    [`Password='it''s'`, [['Password', `it's`]]],
    [`Password=""`, [['Password', '']]],
    ['Password=', [['Password', '']]],
    ['Password=a=b==', [['Password', 'a=b==']]],
    ['a==b=c', [['a=b', 'c']]],
    [`Password=mid"quote`, [['Password', 'mid"quote']]],
    ['Password=" blanks stay "', [['Password', ' blanks stay ']]],
    ['', []],
  ])('%s is split as .NET does', (text, expected) => {
    expect(pairs(text)).toEqual(expected);
  });

  test.each(['Host=a;hunter2', 'hunter2', 'Host=a;Password="hunter2', `Password="hunter2"x;Host=a`, '=hunter2'])(
    '%s is refused by place, without showing what stands there',
    (text) => {
      expect(() => parseAdoNet(text)).toThrow(/^part \d is not key=value/);
      expect(() => parseAdoNet(text)).not.toThrow(/hunter2/);
    },
  );

  test('a long string without any pair is refused in no time', () => {
    const started = performance.now();
    expect(() => parseAdoNet('a '.repeat(200_000))).toThrow('part 1');
    // One pass takes milliseconds; going back over 400,000 characters for each of them takes minutes.
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
