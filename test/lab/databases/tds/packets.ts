/** Kinds of TDS messages (MS-TDS 2.2.3.1.1). */
export const kind = {
  batch: 1,
  rpc: 3,
  result: 4,
  attention: 6,
  fedAuthToken: 8,
  transaction: 14,
  login: 16,
  prelogin: 18,
} as const;

const headerLength = 8;
const maxLength = 4096;
const endOfMessage = 1;

/** One message, which came in one or more packets. */
export interface Message {
  readonly kind: number;
  readonly payload: Buffer;
}

/** A message in packets. */
export function packetsOf(messageKind: number, payload: Buffer): Buffer {
  const packets: Buffer[] = [];
  const room = maxLength - headerLength;
  for (let start = 0; start === 0 || start < payload.length; start += room) {
    const data = payload.subarray(start, start + room);
    const header = Buffer.alloc(headerLength);
    header.writeUInt8(messageKind, 0);
    header.writeUInt8(start + room >= payload.length ? endOfMessage : 0, 1);
    header.writeUInt16BE(headerLength + data.length, 2);
    header.writeUInt8((packets.length + 1) % 256, 6);
    packets.push(Buffer.concat([header, data]));
  }
  return Buffer.concat(packets);
}

/** Puts packets together again; keeps what is not complete yet. */
export class MessageReader {
  private rest: Buffer = Buffer.alloc(0);
  private parts: Buffer[] = [];

  *read(bytes: Buffer): Generator<Message> {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= headerLength && this.rest.length >= this.rest.readUInt16BE(2)) {
      const length = this.rest.readUInt16BE(2);
      const packet = this.rest.subarray(0, length);
      this.rest = this.rest.subarray(length);
      this.parts.push(packet.subarray(headerLength));
      if ((packet.readUInt8(1) & endOfMessage) === 0) continue;
      const payload = Buffer.concat(this.parts);
      this.parts = [];
      yield { kind: packet.readUInt8(0), payload };
    }
  }
}
