import { format, inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Uri } from './uri.js';

const canary = 'hunter2';

describe.each([`https://id.example/keys?sig=${canary}`, `https://id.example/keys#${canary}\n?${canary}`])(
  'the URI %j',
  (href) => {
    const uri = new Uri(href);

    it.each([
      ['JSON', JSON.stringify({ nested: [uri] })],
      ['a template', `${uri.toString()} ${String(uri)}`],
      ['inspect', inspect({ uri }, { depth: 9, showHidden: true })],
      ['format', format('%s %o %j', uri, uri, uri)],
      ['its own properties', JSON.stringify(Object.entries(uri))],
    ])('keeps its query out of the output of %s', (_, printed) => {
      expect(printed).not.toContain(canary);
    });

    it('prints what leads to the server, and gives all of it to whoever asks', () => {
      expect(String(uri)).toBe('https://id.example/keys?***');
      expect(uri.href).toBe(href);
    });
  },
);

describe('a URI without a query', () => {
  it('prints as it is', () => {
    expect(String(new Uri('https://id.example/keys'))).toBe('https://id.example/keys');
  });
});
