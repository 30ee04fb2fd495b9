/** Whether a CKA_ID is meant by a number, or by its bytes in hexadecimal. */
export const isIdFor = (id: Uint8Array, wanted: number | string): boolean =>
  typeof wanted === 'string' ? Buffer.from(id).toString('hex') === wanted : standsFor(id, wanted);

/**
 * Whether a CKA_ID stands for this number. PKCS#11 does not say how a number becomes an id: tools write the fewest
 * bytes or two (YubiHSM), four or eight, with the highest byte first or last.
 */
function standsFor(id: Uint8Array, number: number): boolean {
  return numberOf(id) === BigInt(number) || numberOf(Uint8Array.from(id).reverse()) === BigInt(number);
}

function numberOf(bytes: Uint8Array): bigint | undefined {
  return bytes.length === 0 ? undefined : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
