export { describeKeyEncryptionKey, type KeyEncryptionKeyFixture } from './key-encryption-key.suite.js';
export { describeKeyVersions, type VersionedKey } from './key-versions.suite.js';
export { openPkcs11InEnvironment, type Pkcs11TestSettings } from './open-pkcs11.js';
export { rejection } from './rejection.js';
export { describeStalledProvider, type StalledProvider } from './stalled-provider.suite.js';
