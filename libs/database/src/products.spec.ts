import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { products } from './products.js';

test('every folder of a product is in the list', () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const found = folders
    .map(({ name }) => name)
    .filter((name) => existsSync(join(import.meta.dirname, name, 'index.ts')));
  expect(Object.keys(products).sort()).toEqual(found.sort());
});
