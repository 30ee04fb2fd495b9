import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { StderrLogger } from './stderr-logger.js';

/**
 * Gives what a module provides to some work, and closes it however that ends. Throws what the work throws: what fails
 * while closing is never thrown, it is a line on standard error.
 */
export async function useContext<T>(
  module: Type | DynamicModule,
  work: (context: INestApplicationContext) => Promise<T>,
): Promise<T> {
  const context = await NestFactory.createApplicationContext(module, {
    logger: new StderrLogger(),
    abortOnError: false,
  });
  try {
    return await work(context);
  } finally {
    await context.close();
  }
}
