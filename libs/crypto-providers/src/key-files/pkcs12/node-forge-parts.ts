import { createRequire } from 'node:module';
import type forge from 'node-forge';

const load = createRequire(import.meta.url);

/**
 * Parts of node-forge, which every start with a certificate loads: the whole takes four times as long, and 6 MB more.
 */
export const asn1 = load('node-forge/lib/asn1.js') as typeof forge.asn1;
export const rc2 = load('node-forge/lib/rc2.js') as typeof forge.rc2;
export const util = load('node-forge/lib/util.js') as typeof forge.util;
