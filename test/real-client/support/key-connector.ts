import { z } from 'zod';
import type { Deployment } from '../../lab/service/deployment.js';
import { runCli, type ServiceOptions, type ServiceProcess, startService } from '../../lab/service/service.process.js';
import { until } from '../../lab/processes/until.js';
import type { Member } from './bitwarden/member.js';
import { httpCall, type HttpAnswer } from '../../lab/network/http-call.js';

/** A deployment as it is needed here: of this machine's processes, or of a cluster. */
export type Reached = Pick<Deployment, 'url' | 'port' | 'settings' | 'token' | 'stop'> & {
  readonly service: Pick<ServiceProcess, 'logs' | 'terminate'>;
};

/** The service under test, as the tests reach it: around the clients, with tokens of its members. */
export class KeyConnector {
  private service: Reached['service'];

  constructor(
    private readonly deployment: Reached,
    private readonly ca: string,
  ) {
    this.service = deployment.service;
  }

  get url(): string {
    return this.deployment.url;
  }

  /** The file that holds its key-encryption key. */
  get keyFile(): string {
    return z.string().parse(this.deployment.settings['certificate__filesystemPath']);
  }

  /** The key that it hands to this member; `undefined` when it keeps none. */
  async keyOf(member: Member): Promise<Buffer | undefined> {
    const { status, body } = await this.userKeys(member, 'GET');
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`GET /user-keys answered ${status}: ${body}`);
    return Buffer.from(z.object({ key: z.string() }).parse(JSON.parse(body)).key, 'base64');
  }

  /** Stores this member's key. */
  async storeKey(member: Member, key: Buffer): Promise<void> {
    const { status, body } = await this.userKeys(member, 'POST', { key: key.toString('base64') });
    if (status !== 200) throw new Error(`POST /user-keys answered ${status}: ${body}`);
  }

  /** Puts a key in place of this member's, as who has the token can. */
  async replaceKey(member: Member, key: Buffer): Promise<void> {
    const { status, body } = await this.userKeys(member, 'PUT', { key: key.toString('base64') });
    if (status !== 200) throw new Error(`PUT /user-keys answered ${status}: ${body}`);
  }

  /** Runs a command of the operator's tool beside the service. */
  operator(...args: readonly string[]): ReturnType<typeof runCli> {
    return runCli(args, this.deployment.settings);
  }

  /** What `work` gave, and the calls to `/user-keys` that the service logged meanwhile, such as `GET 200`. */
  async watch<T>(work: () => Promise<T>): Promise<{ result: T; calls: readonly string[] }> {
    const from = await this.logPosition();
    const result = await work();
    const calls = this.service.logs
      .slice(from, await this.logPosition())
      .filter((line) => line['msg'] === 'request' && line['route'] === '/user-keys')
      .map((line) => `${String(line['method'])} ${String(line['status'])}`);
    return { result, calls };
  }

  /** Starts it again in its old place, with these settings on top. */
  async restart(settings: Record<string, string>, waitFor: NonNullable<ServiceOptions['waitFor']>): Promise<void> {
    await this.service.terminate();
    const port = { http__port: String(this.deployment.port) };
    this.service = await startService({ settings: { ...this.deployment.settings, ...settings, ...port }, waitFor });
  }

  /** Waits until it says that it is ready. */
  async ready(): Promise<void> {
    const health = (): Promise<HttpAnswer> => httpCall(`${this.url}/health`, { ca: this.ca });
    await until(async () => (await health()).status === 200, 'the service is ready');
  }

  async stop(): Promise<void> {
    await this.service.terminate();
    await this.deployment.stop();
  }

  private userKeys(member: Member, method: string, json?: unknown): Promise<HttpAnswer> {
    const authorization = `Bearer ${this.deployment.token(member.id)}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    return httpCall(`${this.url}/user-keys`, { ca: this.ca, method, headers, ...body });
  }

  /** Where the log ends now. The log is buffered, so a request that can be told from all others marks the place. */
  private async logPosition(): Promise<number> {
    const { body } = await httpCall(`${this.url}/nowhere`, { ca: this.ca });
    const mark = z.object({ requestId: z.string() }).parse(JSON.parse(body)).requestId;
    const position = (): number => this.service.logs.findLastIndex((line) => line['requestId'] === mark);
    await until(() => position() >= 0, 'the service has written its log');
    return position();
  }
}
