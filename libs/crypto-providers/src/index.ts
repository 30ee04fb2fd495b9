export { type CertificateSettings, certificateSettingsSchema } from './certificate/certificate.settings.js';
export { CryptoProvidersModule } from './crypto-providers.module.js';
export { dataKeyLength, KeyEncryptionKey, type WrappedKey } from './key-encryption-key.js';
export { KeyProviderMisconfigured, KeyProviderUnavailable, UnwrapFailed } from './key-provider.errors.js';
export { KeyProvider } from './key-provider.js';
export { type KeyProviderSettings, keyProviderSettingsSchema } from './key-provider.settings.js';
export { type RsaKeySettings, rsaKeySettingsSchema } from './rsa-key.settings.js';
