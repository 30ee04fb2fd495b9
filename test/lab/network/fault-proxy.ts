import { Toxiproxy, type Proxy } from 'toxiproxy-node-client';
import { Child } from '../processes/child-process.ts';
import { installedTool } from '../packages/tools.ts';
import { freePort } from './free-port.ts';
import { statusOf } from './http-call.ts';

/** The program behind `startFaultProxy`; for `describeIf`. */
export const faultProxyTool = installedTool('toxiproxy');

/** A TCP proxy in front of a server, that does to the bytes what a bad network does. */
export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** Sends every new connection to another server and cuts the old ones, as a virtual address does at a failover. */
  moveTo(port: number): Promise<void>;
  /** Takes no connection and cuts those that are open. */
  cut(): Promise<void>;
  /** Both directions go silent; connections stay open. */
  stall(): Promise<void>;
  /** The server's answers break off after so many bytes, counted on each connection. */
  breakOffAfter(bytes: number): Promise<void>;
  /** The server's answers end in a TCP reset. */
  reset(): Promise<void>;
  /** The server's answers come so many milliseconds later. */
  slow(milliseconds: number): Promise<void>;
  /** Back to a good network. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a proxy of its own in front of a server, on 127.0.0.1 unless told otherwise. */
export async function startFaultProxy(upstreamPort: number, upstreamHost = '127.0.0.1'): Promise<FaultProxy> {
  const [adminPort, port] = [await freePort(), await freePort()];
  const args = ['-host', '127.0.0.1', '-port', String(adminPort)];
  const server = new Child(faultProxyTool.file('server'), args);
  const admin = `http://127.0.0.1:${adminPort}`;
  await server.until(async () => (await statusOf(`${admin}/version`)) === 200, 'toxiproxy answers');
  const toxiproxy = new Toxiproxy(admin);
  const listen = `127.0.0.1:${port}`;
  let upstream = `${upstreamHost}:${upstreamPort}`;
  let proxy: Proxy = await toxiproxy.createProxy({ name: 'server', listen, upstream, enabled: true });
  const toxic = async (
    type: 'latency' | 'limit_data' | 'reset_peer' | 'timeout',
    attributes: object,
    both = false,
  ): Promise<void> => {
    for (const stream of both ? (['downstream', 'upstream'] as const) : (['downstream'] as const))
      await proxy.addToxic({ name: `${type}-${stream}`, type, stream, toxicity: 1, attributes });
  };
  const update = async (enabled: boolean): Promise<void> => {
    proxy = await proxy.update({ listen, upstream, enabled });
  };
  return {
    host: '127.0.0.1',
    port,
    moveTo: async (next) => {
      upstream = `127.0.0.1:${next}`;
      await update(false);
      await update(true);
    },
    cut: () => update(false),
    stall: () => toxic('timeout', { timeout: 0 }, true),
    breakOffAfter: (bytes) => toxic('limit_data', { bytes }),
    reset: () => toxic('reset_peer', { timeout: 0 }),
    slow: (latency) => toxic('latency', { latency, jitter: 0 }),
    heal: async () => {
      await toxiproxy.reset();
      proxy = await toxiproxy.get('server');
    },
    stop: async () => {
      await server.kill();
    },
  };
}
