/**
 * Runs the service or a command once, in the image itself, and keeps its compiled code: as root,
 * `node compile.ts <folder> <program>`. Node asks for compiled code by its own version, its flags, the kind of
 * processor and the user: all must be those of the image.
 */
import { generateKeyPairSync } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const [folder = '', program = ''] = process.argv.slice(2);
const user = 65532;
const port = '5000';

mkdirSync(folder, { recursive: true });
chownSync(folder, user, user);
process.setgroups?.([]);
process.setgid?.(user);
process.setuid?.(user);
enableCompileCache(folder);

// A deployment that lives as long as this process; there is no issuer, so it is alive and never ready.
const data = mkdtempSync('/tmp/compile-');
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
writeFileSync(join(data, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
const settings = {
  identityServerUri: 'http://127.0.0.1:9',
  http__host: '127.0.0.1',
  http__port: port,
  http__drainDelaySeconds: '0',
  database__provider: 'sqlite',
  database__sqliteConnectionString: `Data Source=${join(data, 'keys.db')}`,
  rsaKey__provider: 'certificate',
  certificate__provider: 'filesystem',
  certificate__filesystemPath: join(data, 'key.pem'),
};
for (const [name, value] of Object.entries(settings)) process.env[`keyConnectorSettings__${name}`] = value;
process.argv.splice(2, process.argv.length, 'health');

await import(`/opt/key-connector/${program}.js`);
if (program === 'service') {
  for (let tries = 0; !(await hasBooted()); tries += 1) {
    if (tries > 600) throw new Error('The service did not start in a minute.');
    await sleep(100);
  }
  process.kill(process.pid, 'SIGTERM');
} else {
  // Nobody answers, which the command says by its exit code.
  process.once('exit', () => (process.exitCode = 0));
}

/** Database and data keys are there. */
async function hasBooted(): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
  const { details } = ((await answer?.json()) ?? {}) as { details?: Record<string, { status: string }> };
  return details?.['boot']?.status === 'up';
}
