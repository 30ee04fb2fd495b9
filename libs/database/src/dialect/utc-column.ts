import { Column } from 'typeorm';

const pattern = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?/;

/** A time as `yyyy-MM-dd HH:mm:ss.fffffff` in UTC: what SQLite columns hold, and what every other database reads. */
export const toUtcText = (time: Date): string => `${time.toISOString().slice(0, -1).replace('T', ' ')}0000`;

/** Reads a time as a database gives it, as UTC; digits beyond the millisecond are dropped. */
export function fromUtcText(value: string | Date): Date {
  if (value instanceof Date) return value;
  const match = pattern.exec(value);
  if (!match) throw new RangeError('A date column holds no yyyy-MM-dd HH:mm:ss time.');
  const [, day = '', time = '', fraction = '0'] = match;
  return new Date(`${day}T${time}.${fraction.slice(0, 3).padEnd(3, '0')}Z`);
}

const transformer = {
  to: (time: Date | null | undefined) => (time ? toUtcText(time) : time),
  from: (value: string | Date | null) => (value === null ? null : fromUtcText(value)),
};

/**
 * A time column that holds UTC in every database, whatever the time zone of server and process.
 *
 * It goes over the wire as text: drivers would read a column without time zone as local time.
 */
export const UtcColumn = (options: { name: string; nullable?: boolean }): PropertyDecorator =>
  Column({ type: String, transformer, ...options });
