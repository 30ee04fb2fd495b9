import { expect, jest, test } from '@jest/globals';
import {
  type BeforeApplicationShutdown,
  Injectable,
  Module,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { useContext } from './use-context.js';

@Injectable()
class Stubborn implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown {
  onModuleDestroy(): void {
    throw new Error('the pool does not close');
  }

  beforeApplicationShutdown(): Promise<void> {
    return Promise.reject(new Error('the dates are not written'));
  }

  onApplicationShutdown(): Promise<void> {
    return Promise.reject(new Error('the provider does not close'));
  }
}

@Module({ providers: [Stubborn] })
class ThatDoesNotClose {}

test('what fails while closing is said, and never hides what the work failed with', async () => {
  const stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const using = useContext(ThatDoesNotClose, () => Promise.reject(new Error('the database is away')));
    await expect(using).rejects.toThrow('the database is away');
    const said = stderr.mock.calls.flat().join('');
    expect(said).toContain('error: the pool does not close');
    expect(said).toContain('error: the dates are not written');
    expect(said).toContain('error: the provider does not close');
  } finally {
    stderr.mockRestore();
  }
});
