import { typeInfo, writeValue, type SqlText, type SqlType } from './values.js';

/** What one statement gave: rows, or how many it changed. */
export interface SqlResult {
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  readonly rows: readonly (readonly SqlText[])[];
  readonly changed?: number;
}

/** An error as SQL Server answers it. */
export class SqlError extends Error {
  constructor(
    readonly number: number,
    message = 'from the double',
    /** Whether the server has rolled the transaction back. */
    readonly rolledBack = false,
  ) {
    super(message);
  }
}

/** Flags of a DONE token. */
const flag = { error: 0x02, count: 0x10, attention: 0x20 };

const byte = (value: number): Buffer => Buffer.from([value]);
const uint16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const shortText = (text: string): Buffer => Buffer.concat([byte(text.length), Buffer.from(text, 'utf16le')]);
const sized = (token: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([byte(token), uint16(body.length), body]);
};

const done = (token: number, flags: number, count = 0): Buffer =>
  Buffer.concat([byte(token), uint16(flags), uint16(0), uint32(count), uint32(0)]);

/** Tokens of the server's answers (MS-TDS 2.2.7). */
export const token = {
  loginAck: (): Buffer =>
    sized(0xad, byte(1), Buffer.from([0x74, 0, 0, 4]), shortText('TDS double'), Buffer.from([16, 0, 0, 0])),
  database: (name: string): Buffer => sized(0xe3, byte(1), shortText(name), shortText('master')),
  collation: (): Buffer => sized(0xe3, byte(7), Buffer.from([5, 0x09, 0x04, 0xd0, 0x00, 0x34, 0])),
  fedAuthInfo: (stsUrl: string, spn: string): Buffer => {
    const values = [Buffer.from(stsUrl, 'utf16le'), Buffer.from(spn, 'utf16le')];
    let offset = 4 + values.length * 9;
    const headers = values.map((value, index) => {
      const header = Buffer.concat([byte(index + 1), uint32(value.length), uint32(offset)]);
      offset += value.length;
      return header;
    });
    const body = Buffer.concat([uint32(values.length), ...headers, ...values]);
    return Buffer.concat([byte(0xee), uint32(body.length), body]);
  },
  begun: (transaction: Buffer): Buffer => sized(0xe3, byte(8), byte(8), transaction, byte(0)),
  committed: (transaction: Buffer): Buffer => sized(0xe3, byte(9), byte(0), byte(8), transaction),
  rolledBack: (transaction: Buffer): Buffer => sized(0xe3, byte(10), byte(0), byte(8), transaction),
  error: ({ number, message }: SqlError): Buffer =>
    sized(
      0xaa,
      uint32(number),
      Buffer.from([1, 16]),
      uint16(message.length),
      Buffer.from(message, 'utf16le'),
      shortText('double'),
      shortText(''),
      uint32(1),
    ),
  result: ({ columns, rows, changed }: SqlResult): Buffer => {
    const head = columns.map(({ name, type }) =>
      Buffer.concat([uint32(0), uint16(1), typeInfo(type), shortText(name)]),
    );
    const body = rows.map((row) =>
      Buffer.concat([byte(0xd1), ...columns.map(({ type }, index) => writeValue(type, row[index] ?? null))]),
    );
    const table = columns.length === 0 ? [] : [byte(0x81), uint16(columns.length), ...head, ...body];
    return Buffer.concat([...table, done(0xff, flag.count | 0x01, changed ?? rows.length)]);
  },
  done: (failed = false): Buffer => done(0xfd, failed ? flag.error : 0),
  attention: (): Buffer => done(0xfd, flag.attention),
} as const;
