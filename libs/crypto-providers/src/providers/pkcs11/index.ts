export { openPkcs11 } from './pkcs11.provider.js';
