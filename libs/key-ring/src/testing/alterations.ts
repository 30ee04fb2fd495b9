/** Every value that differs from this one by one bit. */
export function everyBitFlipped(value: string): string[] {
  const bytes = Buffer.from(value, 'latin1');
  return Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy.toString('latin1');
  });
}

/** Every value with one bit flipped in its decoded bytes, encoded again. */
export function everyPayloadBitFlipped(prefix: string, payload: string, encoding: 'base64' | 'base64url'): string[] {
  const bytes = Buffer.from(payload, encoding);
  return Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return prefix + copy.toString(encoding);
  });
}

/** Every beginning of the value, and the value without each of its beginnings. */
export function everyTruncation(value: string): string[] {
  return Array.from({ length: value.length }, (_, at) => [value.slice(0, at), value.slice(at + 1)]).flat();
}

/** The value with something added. */
export function appended(value: string): string[] {
  return ['A', '=', '.', ' ', '\n', '\0']
    .flatMap((extra) => [value + extra, extra + value])
    .concat(value + value, `${value}AAAA`);
}
