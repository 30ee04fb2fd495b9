import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { FirstFree } from './first-free.js';

type Handover = (error: Error | null | undefined, taken?: string) => void;

const full = new Error('too many connections');

/** A driver's pool whose every answer the test gives. */
describe('callers of a pool', () => {
  let asked: Handover[];
  let idle: string[];
  let open: number;
  let free: FirstFree<string>;
  let answers: string[];
  let warn: jest.SpiedFunction<Logger['warn']>;

  const take = (caller: string): void => {
    free.take((error, taken) => {
      answers.push(`${caller}: ${error?.message ?? taken ?? ''}`);
    });
  };

  beforeEach(() => {
    jest.useFakeTimers();
    warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    [asked, idle, answers, open] = [[], [], [], 0];
    const places = {
      take: (handover: Handover): void => {
        const there = idle.pop();
        if (there === undefined) asked.push(handover);
        else handover(null, there);
      },
      giveBack: (taken: string): void => {
        idle.push(taken);
        free.freed();
      },
      open: () => open,
      idle: () => idle.length,
      refusedForRoom: (error: Error) => error === full,
    };
    free = new FirstFree(places, 10, 5000);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  /** A connection that was opened is given back by whoever had it. */
  const comesBack = (connection: string): void => {
    idle.push(connection);
    free.freed();
  };

  test('get what comes first, in the order in which they came', () => {
    ['a', 'b', 'c'].forEach(take);
    open = 1;
    asked[2]?.(null, 'third');
    comesBack('again');
    expect(answers).toEqual(['a: third', 'b: again']);
  });

  test('are not failed by a refusal for lack of room, and each is served by what comes back', () => {
    open = 1;
    ['a', 'b'].forEach(take);
    for (const refuse of asked) refuse(full);
    expect(answers).toEqual([]);
    comesBack('one');
    comesBack('one');
    expect(answers).toEqual(['a: one', 'b: one']);
    jest.advanceTimersByTime(60_000);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test('are failed by it where there is no other connection, and by any other failure', () => {
    take('a');
    asked[0]?.(full);
    open = 1;
    take('b');
    asked[1]?.(new Error('wrong password'));
    expect(answers).toEqual(['a: too many connections', 'b: wrong password']);
  });

  test('wait no longer than the acquire timeout, and what comes later is kept for others', () => {
    take('a');
    jest.advanceTimersByTime(5000);
    asked[0]?.(null, 'late');
    jest.runAllTimers();
    expect(answers).toEqual(['a: timeout exceeded when waiting for a connection']);
    expect(idle).toEqual(['late']);
  });

  test('who hang at a login that is never answered are served by what comes back, and ask for no second one', () => {
    ['a', 'b', 'c'].forEach(take);
    open = 1;
    for (let n = 0; n < 3; n += 1) comesBack('one');
    expect(answers).toEqual(['a: one', 'b: one', 'c: one']);
    expect(asked).toHaveLength(3);
  });
});
