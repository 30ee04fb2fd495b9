/**
 * JSON texts, and some that are none, which cost a parser more than their bytes: of about `size` characters each. None
 * is spelt as JSON.stringify would: where the two are compared, that costs more.
 */
export function jsonShapes(size: number): Record<string, string> {
  const repeat = (text: string): string => text.repeat(Math.max(1, Math.floor(size / text.length)));
  const numbered = (entry: (n: string) => string): string => {
    const entries: string[] = [];
    for (let length = 0; length < size; length += entries.at(-1)?.length ?? size) {
      entries.push(entry(entries.length.toString(36)));
    }
    return entries.join();
  };
  const half = Math.floor(size / 2);
  return {
    'arrays in arrays': `{ "x":${'['.repeat(half)}${']'.repeat(half)}}`,
    'arrays that never end': `{ "x":${repeat('[')}`,
    'objects in objects': ` ${repeat('{"a":')}0${repeat('{"a":').replaceAll('{"a":', '}')}`,
    'arrays side by side': `{ "x":[${repeat('[],')}0]}`,
    'objects side by side': `{ "x":[${repeat('{},')}0]}`,
    'objects of a member each': `{ "x":[${numbered((n) => `{"${n}":0}`)}]}`,
    'members, each once': `{ ${numbered((n) => `"${n}":0`)}}`,
    'members, all the same': `{ ${repeat('"a":0,')}"a":0}`,
    'members, all the same, escaped': `{ ${repeat('"\\u0061":0,')}"a":0}`,
    zeros: `{ "x":[${repeat('0,')}0]}`,
    'empty texts': `{ "x":[${repeat('"",')}0]}`,
    'numbers out of range': `{ "x":[${repeat('1.7976931348623157e309,')}0]}`,
    'one long number': `{ "x":${repeat('9')}}`,
    'one long fraction': `{ "x":0.${repeat('9')}e-300}`,
    'one long text': `{ "x":"${repeat('x')}"}`,
    escapes: `{ "x":"${repeat('\\u0061')}"}`,
    quotes: `{ "x":"${repeat('\\"')}"}`,
    backslashes: `{ "x":"${repeat('\\\\')}"}`,
    'a text that never ends': `{ "x":"${repeat('\\"')}`,
    space: `{${repeat(' ')}}`,
    colons: `{${repeat(':')}}`,
    'closing brackets': repeat(']'),
    'no JSON': repeat('\0'),
  };
}
