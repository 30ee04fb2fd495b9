/** A packet of the server: three bytes of length, a sequence number, the payload (MySQL's "Client/Server Protocol"). */
const packet = (sequence: number, ...parts: readonly Buffer[]): Buffer => {
  const payload = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([payload.length & 255, payload.length >> 8, 0, sequence]), payload]);
};
const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);
const lengthAndText = (text: string): Buffer => Buffer.concat([bytes(text.length), Buffer.from(text)]);

const greet = (capabilities: number): Buffer =>
  packet(
    0,
    Buffer.concat([bytes(10), Buffer.from('8.0.36\0'), bytes(1, 0, 0, 0), Buffer.alloc(8, 1), bytes(0)]),
    // Capabilities in two halves (CLIENT_PROTOCOL_41, SSL, SECURE_CONNECTION, PLUGIN_AUTH), charset and status between.
    Buffer.concat([
      bytes(0x00, capabilities, 45, 2, 0, 0x08, 0x00, 21),
      Buffer.alloc(10),
      Buffer.alloc(12, 1),
      bytes(0),
    ]),
    Buffer.from('mysql_native_password\0'),
  );
/** Protocol 4.1 with TLS and mysql_native_password, as MySQL 8 greets. */
export const greeting = greet(0x8a);
export const greetingWithoutTls = greet(0x82);
/** What was asked is done; the number continues that of the client's packet. */
export const ok = (sequence: number): Buffer => packet(sequence, bytes(0, 0, 0, 2, 0, 0, 0));
const eof = (sequence: number): Buffer => packet(sequence, bytes(0xfe, 0, 0, 2, 0));
const column = Buffer.concat([
  ...['def', '', '', '', 'version', ''].map(lengthAndText),
  bytes(12, 45, 0, 60, 0, 0, 0, 253, 0, 0, 0, 0, 0),
]);
/** The answer to a question about variables that the server does not know. */
export const noRows = Buffer.concat([packet(1, bytes(1)), packet(2, column), eof(3), eof(4)]);
/** The answer to the question of a probe. */
export const version = Buffer.concat([
  packet(1, bytes(1)),
  packet(2, column),
  eof(3),
  packet(4, lengthAndText('8.0.36')),
  eof(5),
]);
