import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Secret } from '@key-connector/common';
import { Logger } from '@nestjs/common';
import { LoginTokens, type LoginToken } from './login-tokens.js';

const minutes = 60_000;
/** As AWS gives them. */
const life = 15 * minutes;

const textOf = async (token: Promise<Secret>): Promise<string> => (await token).reveal();

describe('login tokens', () => {
  let count = 0;
  let warn: jest.Spied<Logger['warn']>;
  const fetch = jest.fn<() => Promise<LoginToken>>();
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    count = 0;
    fetch.mockReset();
    fetch.mockImplementation(() => {
      count += 1;
      return Promise.resolve({ token: new Secret(`token ${count}`), expiresAt: Date.now() + life });
    });
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  it('are fetched once for all who ask together, and kept', async () => {
    const tokens = new LoginTokens(fetch);
    expect(await Promise.all([1, 2, 3].map(() => textOf(tokens.get())))).toEqual(Array(3).fill('token 1'));
    await jest.advanceTimersByTimeAsync(9 * minutes);
    expect(await textOf(tokens.get())).toBe('token 1');
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('are renewed in the background, five minutes before they end, whether anybody asks or not', async () => {
    const tokens = new LoginTokens(fetch);
    await tokens.get();
    await jest.advanceTimersByTimeAsync(10 * minutes);
    expect(fetch).toHaveBeenCalledTimes(2);
    expect(await textOf(tokens.get())).toBe('token 2');
    await jest.advanceTimersByTimeAsync(60 * minutes);
    expect(fetch).toHaveBeenCalledTimes(8);
  });

  it('go on being used while a renewal hangs or fails, which is said once and tried again', async () => {
    const tokens = new LoginTokens(fetch);
    await tokens.get();
    fetch.mockRejectedValue(new Error('away'));
    await jest.advanceTimersByTimeAsync(14 * minutes);
    expect(await textOf(tokens.get())).toBe('token 1');
    expect(fetch.mock.calls.length).toBeGreaterThan(20);
    expect(warn).toHaveBeenCalledTimes(1);
    fetch.mockResolvedValue({ token: new Secret('back'), expiresAt: Date.now() + life });
    await jest.advanceTimersByTimeAsync(10_000);
    expect(await textOf(tokens.get())).toBe('back');
  });

  it('are not used any more when they have ended: who asks then is told why there is none', async () => {
    const tokens = new LoginTokens(fetch);
    await tokens.get();
    fetch.mockRejectedValue(new Error('away'));
    await jest.advanceTimersByTimeAsync(life);
    await expect(tokens.get()).rejects.toThrow('away');
  });

  it('that could not be had at first are asked for again by the next who asks', async () => {
    fetch.mockRejectedValueOnce(new Error('not yet'));
    const tokens = new LoginTokens(fetch);
    await expect(tokens.get()).rejects.toThrow('not yet');
    expect(await textOf(tokens.get())).toBe('token 1');
  });

  it.each([NaN, Infinity])(
    'that end at %s are fetched by those who wait for one, and by no timer',
    async (expiresAt) => {
      fetch.mockResolvedValue({ token: new Secret('once'), expiresAt });
      const tokens = new LoginTokens(fetch);
      expect(await textOf(tokens.get())).toBe('once');
      await jest.advanceTimersByTimeAsync(60 * minutes);
      expect(fetch).toHaveBeenCalledTimes(1);
      await tokens.get();
      expect(fetch).toHaveBeenCalledTimes(2);
    },
  );

  it('that live longer than a timer can wait are not renewed before that', async () => {
    const days = 24 * 60 * minutes;
    fetch.mockResolvedValue({ token: new Secret('long'), expiresAt: 365 * days });
    await new LoginTokens(fetch).get();
    await jest.advanceTimersByTimeAsync(24 * days);
    expect(fetch).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(days);
    expect(fetch).toHaveBeenCalledTimes(2);
  });
});
