import { feature } from './requests.js';
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
const flag = { more: 0x01, error: 0x02, count: 0x10, attention: 0x20 };

/** DONE ends a statement of a batch; DONEINPROC one inside of a procedure, which DONEPROC ends. */
const ends = { statement: 0xfd, inProcedure: 0xff, procedure: 0xfe };

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

/** ERROR or INFO. */
const message = (token: number, number: number, text: string, severity: number): Buffer =>
  sized(
    token,
    uint32(number),
    Buffer.from([1, severity]),
    uint16(text.length),
    Buffer.from(text, 'utf16le'),
    shortText('double'),
    shortText(''),
    uint32(1),
  );

/** FEATUREEXTACK: what of the login's features the server takes part in; a token must be acknowledged. */
const featureAck = (features: readonly number[]): Buffer => {
  const known = new Map<number, Buffer>([
    [feature.fedAuth, Buffer.alloc(0)],
    [feature.utf8, byte(1)],
  ]);
  const acks = features.flatMap((id) => {
    const data = known.get(id);
    return data ? [byte(id), uint32(data.length), data] : [];
  });
  return acks.length === 0 ? Buffer.alloc(0) : Buffer.concat([byte(0xae), ...acks, byte(0xff)]);
};

/** Tokens of the server's answers (MS-TDS 2.2.7). */
export const token = {
  /** Everything that a login is answered with, in SQL Server's order. */
  admitted: (database: string, features: readonly number[]): Buffer =>
    Buffer.concat([
      sized(0xe3, byte(1), shortText(database), shortText('master')),
      message(0xab, 5701, `Changed database context to '${database}'.`, 0),
      sized(0xe3, byte(7), Buffer.from([5, 0x09, 0x04, 0xd0, 0x00, 0x34, 0])),
      sized(0xe3, byte(2), shortText('us_english'), shortText('')),
      message(0xab, 5703, 'Changed language setting to us_english.', 0),
      sized(0xad, byte(1), Buffer.from([0x74, 0, 0, 4]), shortText('Microsoft SQL Server'), Buffer.from([16, 0, 0, 0])),
      sized(0xe3, byte(4), shortText('4096'), shortText('4096')),
      featureAck(features),
      done(ends.statement, 0),
    ]),
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
  error: ({ number, message: text }: SqlError): Buffer => message(0xaa, number, text, 16),
  /** What a statement gave; `last` when its request ends with it. */
  result: ({ columns, rows, changed }: SqlResult, called: boolean, last: boolean): Buffer => {
    const head = columns.map(({ name, type }) =>
      Buffer.concat([uint32(0), uint16(1), typeInfo(type), shortText(name)]),
    );
    const body = rows.map((row) =>
      Buffer.concat([byte(0xd1), ...columns.map(({ type }, index) => writeValue(type, row[index] ?? null))]),
    );
    const table = columns.length === 0 ? [] : [byte(0x81), uint16(columns.length), ...head, ...body];
    const more = called || !last ? flag.more : 0;
    return Buffer.concat([
      ...table,
      done(called ? ends.inProcedure : ends.statement, flag.count | more, changed ?? rows.length),
    ]);
  },
  /** The end of a procedure call, with what it returned. */
  returned: (failed = false): Buffer =>
    Buffer.concat([byte(0x79), uint32(failed ? 1 : 0), done(ends.procedure, failed ? flag.error : 0)]),
  done: (failed = false): Buffer => done(ends.statement, failed ? flag.error : 0),
  attention: (): Buffer => done(ends.statement, flag.attention),
} as const;
