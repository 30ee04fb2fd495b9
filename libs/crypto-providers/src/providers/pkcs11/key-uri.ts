import type { FoundKey } from './token.protocol.js';

/** The key's URI of RFC 7512: the same in every process, and without a PIN. */
export function keyUri({ serialNumber, label, id }: FoundKey): string {
  const parts = [
    `serial=${encodeURIComponent(serialNumber)}`,
    ...(id.length === 0 ? [] : [`id=${percentEncoded(id)}`]),
    ...(label === '' ? [] : [`object=${encodeURIComponent(label)}`]),
    'type=private',
  ];
  return `pkcs11:${parts.join(';')}`;
}

const percentEncoded = (id: Uint8Array): string =>
  [...id].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');
