import type { Examined } from './examined.js';

/** One thing that a check found. */
export interface Finding {
  /** `problem`: members are not served, or soon are not. `warning`: weak, or not looked at. */
  readonly level: 'ok' | 'warning' | 'problem';
  /** A sentence, without a value, a key or a password. */
  readonly what: string;
  /** What an operator does about it. */
  readonly remedy?: string;
}

/** One look at a deployment, which changes nothing. What it throws is a problem, and hides no other check. */
export interface Check {
  readonly name: string;
  /** When it is given up; 60 s when left out. */
  readonly secondsAtMost?: number;
  run(examined: Examined): Promise<readonly Finding[]>;
}

export const ok = (what: string): Finding => ({ level: 'ok', what });

export const warning = (what: string, remedy: string): Finding => ({ level: 'warning', what, remedy });

export const problem = (what: string, remedy?: string): Finding => ({
  level: 'problem',
  what,
  ...(remedy !== undefined && { remedy }),
});
