export { describeKeyEncryptionKey, type KeyEncryptionKeyFixture } from './key-encryption-key.suite.js';
export { describeKeyVersions, type VersionedKey } from './key-versions.suite.js';
export { describeStalledProvider, type StalledProvider } from './stalled-provider.suite.js';
