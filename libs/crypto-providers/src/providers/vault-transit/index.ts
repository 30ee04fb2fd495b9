export { openVaultTransit } from './vault-transit.provider.js';
