const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number): Buffer => Buffer.concat([int16(0), int16(value)]);

/** A message of the server (PostgreSQL manual, "Message Formats"). */
const message = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};
const column = (name: string, type: number): Buffer =>
  Buffer.concat([text(name), int32(0), int16(0), int32(type), int16(4), int32(0), int16(0)]);
const value = (given: string): Buffer => Buffer.concat([int32(given.length), Buffer.from(given)]);

const ready = message('Z', Buffer.from('I'));
/** The login is good. */
export const welcome = Buffer.concat([message('R', int32(0)), ready]);
/** The login is good, and its session is this process of the server's. */
export const welcomeFrom = (process: number): Buffer =>
  Buffer.concat([message('R', int32(0)), message('K', int32(process), int32(1)), ready]);
/** The login is refused. */
export const starting = message('E', Buffer.from('SFATAL\0C57P03\0Mthe database system is starting up\0\0'));
/** A statement is refused; the connection goes on. */
export const refused = Buffer.concat([message('E', Buffer.from('SERROR\0C42501\0Mpermission denied\0\0')), ready]);

/** The answer of a primary to the question of a probe. */
export const primary = Buffer.concat([
  message('T', int16(2), column('version', 23), column('standby', 16)),
  message('D', int16(2), value('150006'), value('f')),
  message('C', text('SELECT 1')),
  ready,
]);
/** TLS may begin. */
export const yesToTls = Buffer.from('S');
