import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { StderrLogger } from './stderr-logger.js';

/**
 * Gives what a module provides to some work, and closes it however that ends. Throws what the work throws: what fails
 * while closing is never thrown, it is a line on standard error.
 */
export async function useContext(
  module: Type | DynamicModule,
  work: (context: INestApplicationContext) => Promise<void>,
): Promise<void> {
  const context = await NestFactory.createApplicationContext(module, {
    logger: new StderrLogger(),
    abortOnError: false,
  });
  try {
    await work(context);
  } finally {
    await context.close();
  }
}
