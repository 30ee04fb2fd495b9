export { appended, everyBitFlipped, everyTruncation } from './alterations.js';
export { openAsClassicSoftware } from './classic-software.js';
export { classicFolder, KeyRingFixture, type Replica } from './key-ring-fixture.js';
export { MadeRing } from './made-ring.js';
export { generateOtherKey } from './other-key.js';
export { referenceOpenClassic, referenceSealBound, referenceSealClassic } from './reference-layouts.js';
export { alice, userId } from './user-id.js';
