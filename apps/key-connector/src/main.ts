import { enableCompileCache } from 'node:module';

// Before anything else is loaded: compiled code is kept between starts where the temporary folder can be written.
enableCompileCache();

const { serve } = await import('./serve.js');
await serve();
