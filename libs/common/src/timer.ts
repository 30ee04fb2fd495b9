/** The longest time that Node's timers take, in milliseconds: 31 bits, some 24.8 days. */
const longest = 2 ** 31 - 1;

/**
 * A time that `setTimeout` and `setInterval` take as it is meant, in milliseconds.
 *
 * Node makes 1 ms of what is longer than 31 bits, and of NaN: a timer that runs without a pause. Longer times end at
 * the longest one here; what is no number is a RangeError, because no time would be right.
 */
export function timerMilliseconds(milliseconds: number): number {
  if (Number.isNaN(milliseconds)) throw new RangeError('a timer needs a number of milliseconds');
  return Math.min(Math.max(milliseconds, 0), longest);
}
