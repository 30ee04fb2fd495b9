import { Cursor, readValue, type SqlText, type SqlType } from './values.js';

/** One parameter of a statement. */
export interface Parameter {
  readonly name: string;
  readonly type: SqlType;
  readonly value: SqlText;
}

/** T-SQL as a client sent it. */
export interface Statement {
  readonly text: string;
  readonly parameters: readonly Parameter[];
}

/** What a login says about its client. */
export interface Login {
  readonly user: string;
  readonly password: string;
  readonly application: string;
  readonly database: string;
  readonly withToken: boolean;
}

const executeSql = 10;

/** A batch and a procedure call begin with headers that say nothing that matters here. */
function afterHeaders(payload: Buffer): Buffer {
  return payload.subarray(payload.readUInt32LE());
}

/** Text without parameters. */
export function readBatch(payload: Buffer): Statement {
  return { text: afterHeaders(payload).toString('utf16le'), parameters: [] };
}

/** A call of sp_executesql, which is all that the driver sends. */
export function readCall(payload: Buffer): Statement {
  const from = new Cursor(afterHeaders(payload));
  if (from.uint16() !== 0xff_ff || from.uint16() !== executeSql) throw new RangeError('only sp_executesql is known');
  from.uint16();
  const all: Parameter[] = [];
  while (!from.done) {
    const name = from.shortText().replace(/^@/, '');
    from.uint8();
    all.push({ name, ...readValue(from) });
  }
  const [text, , ...parameters] = all;
  return { text: text?.value ?? '', parameters };
}

/** What a client wants of its transaction. */
export function readTransaction(payload: Buffer): 'begin' | 'commit' | 'rollback' {
  const request = afterHeaders(payload).readUInt16LE();
  if (request === 5) return 'begin';
  if (request === 7) return 'commit';
  if (request === 8) return 'rollback';
  throw new RangeError(`transaction request ${request} is not known`);
}

export function readLogin(payload: Buffer): Login {
  const bytes = (at: number): Buffer => {
    const start = payload.readUInt16LE(at);
    return payload.subarray(start, start + payload.readUInt16LE(at + 2) * 2);
  };
  const text = (at: number): string => bytes(at).toString('utf16le');
  const password = Buffer.from(bytes(44).map((value) => ((value ^ 0xa5) >> 4) | (((value ^ 0xa5) << 4) & 0xf0)));
  // fExtension of OptionFlags3: features follow, of which the driver sends the one for tokens.
  const withToken = (payload.readUInt8(27) & 0x10) !== 0 && text(40) === '';
  return {
    user: text(40),
    password: password.toString('utf16le'),
    application: text(48),
    database: text(68),
    withToken,
  };
}
