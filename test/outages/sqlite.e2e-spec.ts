import { describeOutages } from './outages.suite.js';
import { sqliteStage } from './sqlite.stage.js';

// One fault, and nothing to wait for after it.
describeOutages('SQLite', { possible: true, reason: '', seconds: 10, prepare: sqliteStage });
