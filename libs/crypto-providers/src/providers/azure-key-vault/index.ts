export { openAzureKeyVault } from './azure-key-vault.provider.js';
