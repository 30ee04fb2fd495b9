import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DataKey, seal } from './bound-value.ts';
import { startDatabase } from './databases/index.ts';
import type { BenchDatabase } from './databases/database.ts';
import { makeMembers, type Member } from './members.ts';
import type { BenchOptions } from './options.ts';
import { startIssuer } from './support/issuer.ts';
import { makeKeyEncryptionKey } from './support/key-encryption-key.ts';
import { startBaseline } from './targets/baseline.ts';
import { type ServiceSetup, startService } from './targets/service.ts';
import type { Target, TargetName } from './targets/target.ts';

/** Everything that a measurement needs, seeded and running, except the targets. */
export interface Stage {
  readonly service: ServiceSetup;
  readonly database: BenchDatabase;
  readonly dataKey: DataKey;
  readonly members: readonly Member[];
  readonly tokenFile: string;
}

/** Starts database and issuer, lets the service make its data key, and stores a key for each member. */
export async function setStage(options: BenchOptions, resources: AsyncDisposableStack): Promise<Stage> {
  const folder = temporaryFolder(resources);
  const database = resources.use(await startDatabase(options.database));
  const issuer = resources.use(await startIssuer());
  const keyEncryptionKey = makeKeyEncryptionKey(folder);
  const service = { main: options.serviceMain, folder, database, issuer, keyEncryptionKey };

  const firstStart = await startService(service);
  await firstStart.process.stop();
  const dataKey = keyEncryptionKey.unwrap(await database.activeWrapping());

  const members = await makeMembers(options.members, issuer);
  await database.insert(
    members.map(({ id, key }) => ({ userId: id, dataKeyId: dataKey.id, value: seal(dataKey, id, key) })),
  );
  const tokenFile = join(folder, 'tokens');
  writeFileSync(tokenFile, members.map((member) => `${member.token}\n`).join(''), { mode: 0o600 });
  return { service, database, dataKey, members, tokenFile };
}

/** Starts the service several times, one after the other, and returns how long each took to be ready. */
export async function timeWarmStarts(stage: Stage, times: number): Promise<number[]> {
  const readyMs: number[] = [];
  for (let start = 0; start < times; start++) {
    const service = await startService(stage.service);
    readyMs.push(service.readyMs);
    await service.process.stop();
  }
  return readyMs;
}

/** Starts one target on the stage's database. */
export async function startTarget(
  stage: Stage,
  name: TargetName,
  nodeOptions: readonly string[] = [],
): Promise<Target> {
  const { service, database, dataKey } = stage;
  if (name === 'service') return startService({ ...service, nodeOptions });
  const config = { databaseUrl: database.url, identityServerUri: service.issuer.uri, dataKey };
  return startBaseline(name, { folder: service.folder, config, nodeOptions });
}

function temporaryFolder(resources: AsyncDisposableStack): string {
  const folder = mkdtempSync(join(tmpdir(), 'key-connector-bench-'));
  // Holds keys and tokens of this run: mkdtemp makes it readable by its owner only.
  resources.defer(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
