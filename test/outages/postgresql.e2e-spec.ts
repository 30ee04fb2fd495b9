import { ownsPostgres } from '../lab/databases/postgres.server.js';
import { describeOutages } from './outages.suite.js';
import { postgresqlStage } from './postgresql-stage.js';

describeOutages('PostgreSQL', {
  possible: ownsPostgres,
  reason: 'TEST_POSTGRES_URL names a server that must not be harmed',
  prepare: postgresqlStage,
});
