export { type CertificateSettings, certificateSettingsSchema } from './certificate/certificate.settings.js';
export { CryptoProvidersModule } from './crypto-providers.module.js';
export { dataKeyLength, KeyEncryptionKey, type WrappedKey } from './key-encryption-key.js';
export { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from './key-provider.errors.js';
export { KeyProvider } from './key-provider.js';
export {
  type KeyProviderSettings,
  keyProviderSettingsSchema,
  keyProviderSettingsSchemaOf,
} from './key-provider.settings.js';
export { leftoverSettings } from './leftover-settings.js';
export { type LoadedModule, loadModule } from './module/load-module.js';
export { isModuleProvider, moduleNameOf } from './module/module-name.js';
export { ModuleUnusable } from './module/module-unusable.js';
export { type RsaKeySettings, rsaKeySettingsSchema } from './rsa-key.settings.js';
