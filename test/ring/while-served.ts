import { expect } from '@jest/globals';
import { type Deployment } from '../lab/service/deployment.js';
import { runCli, type ServiceProcess } from '../lab/service/service.process.js';
import { MixedLoad } from '../outages/mixed-load.js';

/**
 * Requests a second at each replica, as many as a company has at night; one in ten stores a key. Far from what a
 * replica can do on any database and any busy machine: each 503 is a fault of what is done meanwhile.
 */
const rate = 15;
/** Members that one such load enrols, at each replica. */
export const loadMembers = 20;

/** Does some work while members sign in at these replicas of a deployment; nobody may notice anything. */
export async function whileServed(
  deployment: Deployment,
  replicas: readonly ServiceProcess[],
  work: () => Promise<void>,
): Promise<void> {
  const loads = await Promise.all(replicas.map(({ url }) => MixedLoad.enrol({ ...deployment, url }, loadMembers)));
  for (const load of loads) load.start(rate);
  try {
    await work();
  } finally {
    for (const load of loads) await load.stop();
  }
  for (const load of loads) {
    expect([...load.violations]).toEqual([]);
    expect([...load.unavailable]).toEqual([]);
    expect(await load.readable()).toBe(loadMembers);
  }
}

/** The result of a command of the operator's tool that must succeed. */
export async function resultOf<Result = Record<string, unknown>>(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<Result> {
  const { code, stdout, stderr } = await runCli([...args, '--json'], settings);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as Result;
}
