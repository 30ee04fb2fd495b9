import { goTool } from './go.ts';
import type { Tool } from './tool.ts';

/** Programs that tests start and that neither npm nor Debian has; the name carries the version. */
export const tools: readonly Tool[] = [
  goTool('toxiproxy-2.12.0', 'github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0'),
];
