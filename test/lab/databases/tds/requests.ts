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
  /** By sp_executesql, not as a batch: it is answered in another form. */
  readonly called?: boolean;
}

/** What a login says about its client. */
export interface Login {
  readonly user: string;
  readonly password: string;
  readonly application: string;
  readonly database: string;
  readonly withToken: boolean;
  /** Ids of the features that the client asks for. */
  readonly features: readonly number[];
}

/** Features of a login that matter here (MS-TDS 2.2.6.4). */
export const feature = { fedAuth: 0x02, utf8: 0x0a } as const;

const executeSql = 10;
const lastFeature = 0xff;

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
  return { text: text?.value ?? '', parameters, called: true };
}

/** The transaction that a request says that it belongs to; zeroes for none. Every request begins with this header. */
export function transactionOf(payload: Buffer): Buffer {
  if (payload.readUInt16LE(8) !== 2) throw new RangeError('the first header is not the transaction descriptor');
  return payload.subarray(10, 18);
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
  const features = featuresOf(payload);
  return {
    user: text(40),
    password: password.toString('utf16le'),
    application: text(48),
    database: text(68),
    withToken: features.includes(feature.fedAuth),
    features,
  };
}

/** fExtension of OptionFlags3 says that there are some; ibExtension leads to where they begin. */
function featuresOf(payload: Buffer): number[] {
  if ((payload.readUInt8(27) & 0x10) === 0) return [];
  const ids: number[] = [];
  let at = payload.readUInt32LE(payload.readUInt16LE(56));
  for (let id = payload.readUInt8(at); id !== lastFeature; id = payload.readUInt8(at)) {
    ids.push(id);
    at += 5 + payload.readUInt32LE(at + 1);
  }
  return ids;
}
