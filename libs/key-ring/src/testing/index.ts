export { appended, everyBitFlipped, everyTruncation } from './alterations.js';
export { referenceOpenClassic } from './reference.layouts.js';
