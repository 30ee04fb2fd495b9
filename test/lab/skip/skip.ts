import { describe, test } from '@jest/globals';
import { BECAUSE } from './skip-reason.ts';

/** `describe`, or one skipped test that carries the reason into the summary. */
export function describeIf(condition: boolean, reason: string, name: string, body: () => void): void {
  if (condition) describe(name, body);
  else test.skip(name + BECAUSE + reason, () => undefined);
}

/** `test`, or a skipped test that carries the reason into the summary. */
export function testIf(condition: boolean, reason: string, name: string, body: () => Promise<void> | void): void {
  if (condition) test(name, body);
  else test.skip(name + BECAUSE + reason, () => undefined);
}
