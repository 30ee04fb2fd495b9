import { faultProxyTool } from '../lab/network/fault-proxy.js';
import { mysqlReason, ownsMariadb } from '../lab/databases/mariadb.server.js';
import { describeOutages } from './outages.suite.js';
import { mysqlStage } from './mysql-stage.js';

describeOutages('MariaDB', {
  possible: ownsMariadb && faultProxyTool.installed,
  reason: ownsMariadb ? faultProxyTool.reason : mysqlReason,
  prepare: mysqlStage,
});
