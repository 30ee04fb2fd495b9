const pattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Reads a time as .NET writes a DateTime into JSON (ISO 8601, up to seven digits behind the second, `Z`, an offset or
 * neither, which is UTC too), and gives `yyyy-MM-dd HH:mm:ss.fffffff` in UTC; `undefined` for anything else.
 */
export function utcTextOfDotnet(text: string): string | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', fraction = '', zone = 'Z'] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  // Date takes the 30th of February for the 2nd of March: what it gives back must be what was written.
  const read = new Date(`${local}Z`);
  if (Number.isNaN(read.getTime()) || !read.toISOString().startsWith(local)) return undefined;
  const utc = new Date(`${local}${zone}`);
  if (Number.isNaN(utc.getTime())) return undefined;
  return `${utc.toISOString().slice(0, 19).replace('T', ' ')}.${fraction.padEnd(7, '0')}`;
}
