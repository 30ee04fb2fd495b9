import { format, inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { Secret } from './secret.js';

const canary = 'hunter2';

describe('a secret', () => {
  const secret = new Secret(canary);

  it.each([
    ['JSON', JSON.stringify({ nested: [secret] })],
    ['a template', `${secret.toString()} ${String(secret)}`],
    ['inspect', inspect({ secret }, { depth: 9, showHidden: true })],
    ['format', format('%s %o %j', secret, secret, secret)],
    ['its own properties', JSON.stringify(Object.entries(secret))],
    ['a copy', JSON.stringify(structuredClone(Object.assign({}, secret)))],
  ])('is not in the output of %s', (_, printed) => {
    expect(printed).not.toContain(canary);
  });

  it('gives its text to whoever asks for it', () => {
    expect(secret.reveal()).toBe(canary);
  });
});
