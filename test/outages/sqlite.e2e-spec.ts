import { describeOutages } from './outages.suite.js';
import { sqliteStage } from './sqlite-stage.js';

describeOutages('SQLite', { possible: true, reason: '', prepare: sqliteStage });
