import { registerHooks } from 'node:module';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { transformSync } from '@swc/core';

const libs = new URL('../../libs/', import.meta.url);

/** Lets a script import the libs' TypeScript as it stands: their aliases, `.js` suffixes and decorators. */
export function loadLibsFromSource(): void {
  registerHooks({
    resolve: (specifier, context, next) => {
      const room = /^@key-connector\/([^/]+)$/.exec(specifier)?.[1];
      if (room !== undefined) return next(libUrl(room), context);
      const fromLib = context.parentURL?.startsWith(libs.href) === true && specifier.startsWith('.');
      return next(fromLib ? specifier.replace(/\.js$/, '.ts') : specifier, context);
    },
    load: (url, context, next) =>
      url.startsWith(libs.href) && url.endsWith('.ts')
        ? { format: 'module', source: compile(fileURLToPath(url)), shortCircuit: true }
        : next(url, context),
  });
}

const compile = (filename: string): string =>
  transformSync(readFileSync(filename, 'utf8'), {
    filename,
    swcrc: false,
    jsc: {
      target: 'es2023',
      experimental: { keepImportAssertions: true },
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  }).code;

/** The address of a lib's entry. */
export const libUrl = (room: string): string => new URL(`${room}/src/index.ts`, libs).href;
