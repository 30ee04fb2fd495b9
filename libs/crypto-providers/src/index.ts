export { type CertificateSettings, certificateSettingsSchema } from './certificate-sources/certificate.settings.js';
export { CryptoProvidersModule } from './crypto-providers.module.js';
export { requireDataKey, requireOpened } from './contract/data-key-wrapper.js';
export { publicKeyFacts } from './contract/fingerprint.js';
export { dataKeyLength, KeyEncryptionKey, type WrappedKey } from './contract/key-encryption-key.js';
export { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from './contract/key-provider.errors.js';
export { type PublicKeyEncryptionKey, wrapsWithPublicKey, wrapWithPublicKey } from './contract/wrap-with-public-key.js';
export { makeKeyFile } from './key-files/make-key-file.js';
export { KeyProvider } from './key-provider.js';
export {
  type KeyProviderSettings,
  keyProviderSettingsSchema,
  keyProviderSettingsSchemaOf,
} from './key-provider.settings.js';
export { leftoverSettings } from './leftover-settings.js';
export { type LoadedModule, loadModule } from './providers/package/load-module.js';
export { isModuleProvider, moduleNameOf } from './providers/package/module-name.js';
export { ModuleUnusable } from './providers/package/package.errors.js';
export { type RsaKeySettings, rsaKeySettingsSchema } from './rsa-key.settings.js';
