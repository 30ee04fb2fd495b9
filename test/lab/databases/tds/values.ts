/** The types of SQL Server that this double knows, with the parts of their wire formats (MS-TDS 2.2.5.4). */
export type SqlType = 'int' | 'bigint' | 'uniqueidentifier' | 'datetime2' | 'nvarchar';

/** A value as text, whatever its type; `null` is NULL. */
export type SqlText = string | null;

const id = {
  int: 0x26,
  bigint: 0x26,
  uniqueidentifier: 0x24,
  datetime2: 0x2a,
  nvarchar: 0xe7,
  varchar: 0xa7,
  bit: 0x68,
};
const dayMilliseconds = 86_400_000;
const collation = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);

/** Reads fields one after the other. */
export class Cursor {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  take(length: number): Buffer {
    const part = this.bytes.subarray(this.at, this.at + length);
    if (part.length < length) throw new RangeError('a TDS message is shorter than it says');
    this.at += length;
    return part;
  }

  uint8 = (): number => this.take(1).readUInt8();
  uint16 = (): number => this.take(2).readUInt16LE();
  uint32 = (): number => this.take(4).readUInt32LE();
  shortText = (): string => this.take(this.uint8() * 2).toString('utf16le');
}

/** Reads a parameter's type and value. */
export function readValue(from: Cursor): { type: SqlType; value: SqlText } {
  const type = from.uint8();
  switch (type) {
    case id.int: {
      const size = from.uint8();
      const bytes = from.take(from.uint8());
      const value = bytes.length === 0 ? null : String(bytes.readIntLE(0, Math.min(bytes.length, 6)));
      return { type: size === 8 ? 'bigint' : 'int', value };
    }
    case id.bit: {
      from.uint8();
      const bytes = from.take(from.uint8());
      return { type: 'int', value: bytes.length === 0 ? null : String(bytes.readUInt8()) };
    }
    case id.uniqueidentifier: {
      from.uint8();
      const bytes = from.take(from.uint8());
      return { type: 'uniqueidentifier', value: bytes.length === 0 ? null : guidText(bytes) };
    }
    case id.datetime2: {
      if (from.uint8() !== 7) throw new RangeError('only datetime2(7) is known');
      const bytes = from.take(from.uint8());
      return { type: 'datetime2', value: bytes.length === 0 ? null : timeText(bytes) };
    }
    case id.nvarchar:
    case id.varchar: {
      const max = from.uint16();
      from.take(collation.length);
      const bytes = max === 0xff_ff ? readLong(from) : readShort(from);
      return { type: 'nvarchar', value: bytes?.toString(type === id.nvarchar ? 'utf16le' : 'latin1') ?? null };
    }
    default:
      throw new RangeError(`a parameter of type 0x${type.toString(16)} is not known`);
  }
}

/** A column's type. */
export function typeInfo(type: SqlType): Buffer {
  switch (type) {
    case 'int':
      return Buffer.from([id.int, 4]);
    case 'bigint':
      return Buffer.from([id.bigint, 8]);
    case 'uniqueidentifier':
      return Buffer.from([id.uniqueidentifier, 16]);
    case 'datetime2':
      return Buffer.from([id.datetime2, 7]);
    case 'nvarchar':
      return Buffer.concat([Buffer.from([id.nvarchar, 0xff, 0xff]), collation]);
  }
}

/** A column's value. */
export function writeValue(type: SqlType, value: SqlText): Buffer {
  if (type === 'nvarchar') return writeLong(value === null ? null : Buffer.from(value, 'utf16le'));
  if (value === null) return Buffer.from([0]);
  const bytes = { int: intBytes(4), bigint: intBytes(8), uniqueidentifier: guidBytes, datetime2: timeBytes }[type](
    value,
  );
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

const intBytes =
  (size: 4 | 8) =>
  (value: string): Buffer => {
    const bytes = Buffer.alloc(size);
    if (size === 4) bytes.writeInt32LE(Number(value));
    else bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  };

/** The first three groups of a GUID go over the wire in little-endian order. */
function guidBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  for (const [start, end] of [
    [0, 4],
    [4, 6],
    [6, 8],
  ] as const) {
    bytes.subarray(start, end).reverse();
  }
  return bytes;
}

function guidText(bytes: Buffer): string {
  const hex = guidBytes(bytes.toString('hex')).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** `yyyy-MM-dd HH:mm:ss.fffffff` to ticks of 100 ns since midnight (5 bytes) and days since 0001-01-01 (3 bytes). */
function timeBytes(text: string): Buffer {
  const [, date = '', hours = 0, minutes = 0, seconds = 0, fraction = ''] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?/.exec(text) ?? [];
  const ticks = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1e7 + Number(fraction.padEnd(7, '0'));
  const bytes = Buffer.alloc(8);
  bytes.writeUIntLE(ticks, 0, 5);
  bytes.writeUIntLE(Math.round((Date.parse(`${date}T00:00:00Z`) - epoch) / dayMilliseconds), 5, 3);
  return bytes;
}

const epoch = Date.parse('0001-01-01T00:00:00Z');

function timeText(bytes: Buffer): string {
  const ticks = bytes.readUIntLE(0, 5);
  const day = new Date(epoch + bytes.readUIntLE(5, 3) * dayMilliseconds + Math.floor(ticks / 1e7) * 1000);
  return `${day.toISOString().slice(0, 19).replace('T', ' ')}.${String(ticks % 1e7).padStart(7, '0')}`;
}

function readShort(from: Cursor): Buffer | undefined {
  const length = from.uint16();
  return length === 0xff_ff ? undefined : from.take(length);
}

/** A value of a `max` type, which comes in pieces. */
function readLong(from: Cursor): Buffer | undefined {
  if (from.take(8).every((byte) => byte === 0xff)) return undefined;
  const pieces: Buffer[] = [];
  for (let length = from.uint32(); length > 0; length = from.uint32()) pieces.push(from.take(length));
  return Buffer.concat(pieces);
}

function writeLong(bytes: Buffer | null): Buffer {
  if (bytes === null) return Buffer.alloc(8, 0xff);
  const [total, length] = [Buffer.alloc(8), Buffer.alloc(4)];
  total.writeBigUInt64LE(BigInt(bytes.length));
  length.writeUInt32LE(bytes.length);
  const piece = bytes.length === 0 ? [] : [length, bytes];
  return Buffer.concat([total, ...piece, Buffer.alloc(4)]);
}
