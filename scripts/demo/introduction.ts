import { randomUUID } from 'node:crypto';
import type { Demo } from './demo-stack.ts';

/** What `npm run demo` prints: a command that stores a key and one that reads it. */
export function introduction({ service, issuer }: Demo): string {
  const token = `$(curl -s '${issuer}/token?user=${randomUUID()}')`;
  return `
The key connector is ready at ${service.url}, with SQLite and a throwaway certificate in .demo/.
The demo issuer at ${issuer} gives anybody a token for any user.

Store a key (32 random bytes) for a new member:

  curl -i -X POST '${service.url}/user-keys' \\
    -H "Authorization: Bearer ${token}" \\
    -H 'Content-Type: application/json' \\
    -d "{\\"key\\":\\"$(head -c 32 /dev/urandom | base64)\\"}"

Read it:

  curl -i '${service.url}/user-keys' \\
    -H "Authorization: Bearer ${token}"

Ctrl-C stops both and removes the data. The service's log follows.

`;
}
