import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** The package through which PKCS#11 modules are called: built at install, where there is a compiler. */
export const bindingFolder = resolve(import.meta.dirname, '../../../node_modules/pkcs11js');

/** Whether it was built here. */
export const isBindingBuilt = existsSync(resolve(bindingFolder, 'build/Release/pkcs11.node'));
