// Baseline A: the least code that reads or stores a member's key. One statement for each request, no framework, no log.
import { readConfig } from './config.ts';
import { serveMembers } from './member-server.ts';
import { openStore } from './stores/index.ts';

const config = readConfig();
const store = await openStore(config.kind, config.databaseUrl);

await serveMembers(config, store.read, store.write);
