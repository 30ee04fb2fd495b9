import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeKeyCertificate } from '../test/lab/files/certificate.ts';
import { tempFolder } from '../test/lab/files/temp-folder.ts';
import { type DataKey, seal, unwrap } from './bound-value.ts';
import type { BenchDatabase } from './databases/database.ts';
import { type DatabaseKind, startDatabase } from './databases/index.ts';
import { makeMembers, type Member, startMembersIssuer } from './members.ts';
import { type BaselineName, startBaseline } from './targets/baseline.ts';
import type { Child } from '../test/lab/processes/child-process.ts';
import { type CommandRun, runCommand, startCommand } from './targets/commands.ts';
import { type ServiceSetup, type StartedService, startServiceTarget } from './targets/service.ts';
import type { Target } from './targets/target.ts';

/** Rows in one insert. */
const batchSize = 20_000;

/** Everything that a measurement needs, running and seeded, except the targets. */
export class Stage {
  readonly database: BenchDatabase;
  private readonly service: ServiceSetup;
  private readonly kind: DatabaseKind;
  private readonly dataKey: DataKey;

  private constructor(kind: DatabaseKind, service: ServiceSetup, dataKey: DataKey) {
    this.database = service.database;
    this.service = service;
    this.kind = kind;
    this.dataKey = dataKey;
  }

  /** Starts database and issuer, and lets the service make its data key. */
  static async set(kind: DatabaseKind, serviceMain: string, resources: AsyncDisposableStack): Promise<Stage> {
    // Holds keys and tokens of this run: only its owner can enter it.
    const folder = await tempFolder('bench');
    resources.defer(() => folder.remove());
    const database = resources.use(await startDatabase(kind));
    const issuer = await startMembersIssuer();
    resources.defer(() => issuer.stop());
    const certificate = await makeKeyCertificate(folder.path);
    const service = { main: serviceMain, folder: folder.path, database, issuer, certificate };
    const firstStart = await startServiceTarget(service);
    await firstStart.process.stop();
    // Pinned, as a deployment should be: without it a start would ask that the values of a crowd open.
    const [, keyRing__identity = ''] = /"ringIdentity":"([^"]+)"/.exec(firstStart.process.output) ?? [];
    return new Stage(
      kind,
      { ...service, settings: { keyRing__identity } },
      unwrap(certificate.privateKeyPem, await database.activeWrapping()),
    );
  }

  /** Stores a key for each of so many new members, who get a token each. */
  async enrol(count: number): Promise<Member[]> {
    const members = await makeMembers(count, this.service.issuer);
    await this.insert(members);
    return members;
  }

  /**
   * Makes the table larger by so many rows, within the database; their values are of the usual form, and open for
   * nobody.
   */
  async crowd(count: number): Promise<void> {
    if (count < 1) return;
    const { id, value } = { id: this.dataKey.id, value: seal(this.dataKey, randomUUID(), randomBytes(32)) };
    await this.database.crowd(count, { dataKeyId: id, value });
  }

  /** Stores keys for so many members who never come, but whose values open. */
  async fill(count: number): Promise<void> {
    for (let done = 0; done < count; done += batchSize) {
      const rows = Math.min(batchSize, count - done);
      await this.insert(Array.from({ length: rows }, () => ({ id: randomUUID(), key: randomBytes(32) })));
    }
  }

  /** The members for the load generator; the file holds their tokens and keys of this run. */
  memberFile(members: readonly Member[]): string {
    const file = join(this.service.folder, `members-${members.length}`);
    const lines = members.map(({ token, key }) => `${token} ${key.toString('base64')}\n`);
    writeFileSync(file, lines.join(''), { mode: 0o600 });
    return file;
  }

  startService(
    changes: Partial<Pick<ServiceSetup, 'name' | 'settings' | 'nodeOptions'>> = {},
  ): Promise<StartedService> {
    const settings = { ...this.service.settings, ...changes.settings };
    return startServiceTarget({ ...this.service, ...changes, settings });
  }

  startBaseline(name: BaselineName, nodeOptions: readonly string[] = []): Promise<Target> {
    const { database, dataKey, kind } = this;
    const { folder, issuer } = this.service;
    const config = { kind, databaseUrl: database.url, identityServerUri: issuer.uri, dataKey };
    return startBaseline(name, { folder, config, nodeOptions });
  }

  /** Runs a command of the operator's tool to its end. */
  command<Result>(args: readonly string[]): Promise<CommandRun<Result>> {
    return runCommand<Result>(this.service, args);
  }

  /** Starts one. */
  startCommand(args: readonly string[]): Child {
    return startCommand(this.service, args);
  }

  private async insert(members: readonly Pick<Member, 'id' | 'key'>[]): Promise<void> {
    const { dataKey } = this;
    await this.database.insert(
      members.map(({ id, key }) => ({ userId: id, dataKeyId: dataKey.id, value: seal(dataKey, id, key) })),
    );
  }
}
