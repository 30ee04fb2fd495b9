export { describeKeyEncryptionKey, type KeyEncryptionKeyFixture } from './key-encryption-key.suite.js';
