export { openShare, combine, split } from './shares.js';
export type { ShareFacts } from './share-line.js';
export { OpenRecoveryKey, type RecoveryAlgorithm, RecoveryKey, shortId } from './recovery-key.js';
export { RecoveryKeyUnusable, RecoverySharesRefused } from './recovery-keys.errors.js';
export { recoveryKeyOf } from './public-key-text.js';
export { openRsaPrivateKey } from './rsa-recovery-key.js';
export { createSeed, openSeed } from './x-wing-recovery-key.js';
