import { azureKeyVault } from './azure-key-vault.source.js';
import { azureStorage } from './azure-storage.source.js';
import { dotnetStore } from './dotnet-store.source.js';
import { filesystem } from './filesystem.source.js';
import { vault } from './vault.source.js';

/** Every place that a certificate can come from, in the order of the reference. */
export const certificateSources = [filesystem, dotnetStore, azureStorage, azureKeyVault, vault] as const;
