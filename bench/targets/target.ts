import type { Child } from '../support/child-process.ts';

/** What is compared. */
export const targetNames = ['service', 'baselineA', 'baselineB'] as const;
export type TargetName = (typeof targetNames)[number];

/** A server under test, in a process of its own. */
export interface Target {
  readonly name: TargetName;
  readonly url: string;
  readonly process: Child;
}
