import type { Child } from '../../test/lab/processes/child-process.ts';

/** A server under test, in a process of its own. */
export interface Target {
  readonly name: string;
  readonly url: string;
  readonly process: Child;
}
