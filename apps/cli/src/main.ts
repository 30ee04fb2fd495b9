#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Before anything else is loaded: compiled code is kept between runs where the temporary folder can be written.
enableCompileCache();

const { run } = await import('./run.js');
await run();
