import { faultProxyTool } from '../support/fault-proxy.js';
import { mariadb } from '../support/mariadb.local.js';
import { describeOutages } from './outages.suite.js';
import { mysqlStage } from './mysql.stage.js';

describeOutages('MariaDB', {
  possible: mariadb.installed && faultProxyTool.installed,
  reason: mariadb.installed ? faultProxyTool.reason : mariadb.reason,
  seconds: 60,
  prepare: mysqlStage,
});
