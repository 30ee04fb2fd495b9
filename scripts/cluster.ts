/** `npm run cluster`: installs the chart on a Kubernetes of its own and tests it there; arguments are jest's. */
import { outcomeOf } from '../test/lab/processes/child-process.ts';
import {
  environmentOfMachine,
  onOwnMachine,
  removeCgroups,
  whyNoMachine,
} from '../test/lab/kubernetes/cluster/own-machine.ts';
import { debianPackages, clusterTools } from './tools/catalogue.ts';
import { installAll } from './tools/tool.ts';

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code));
}

await installAll(debianPackages, clusterTools);
const reason = await whyNoMachine();
const inside = ['scripts/cluster/inside.ts', ...process.argv.slice(2)];
const [program, args] = reason === undefined ? onOwnMachine(process.execPath, inside) : [process.execPath, inside];
const env = { ...process.env, ...environmentOfMachine(reason) };
removeCgroups();
const { code } = await outcomeOf(program, args, {
  env,
  minutes: 60,
  listen: (text, stream) => process[stream].write(text),
});
removeCgroups();
process.exitCode = code === 0 ? 0 : 1;
