/** On the machine that is the cluster's own: starts it, and runs the tests. The machine's end is the cluster's. */
import { lockStore } from '../../test/lab/containers/engine.ts';
import { buildImage } from '../../test/lab/containers/image.ts';
import { outcomeOf } from '../../test/lab/processes/child-process.ts';
import { Cluster, clusters } from '../../test/lab/kubernetes/cluster/cluster.ts';
import { giveImages } from '../../test/lab/kubernetes/images/images.ts';

const begun = performance.now();
const say = (what: string): void => {
  process.stderr.write(`${what} after ${((performance.now() - begun) / 1000).toFixed(0)} s.\n`);
};

if (clusters.installed) {
  // First, so that a cluster that waits for it does not burden the machine.
  const lock = await lockStore();
  const [image] = await Promise.all([buildImage(), Cluster.start()]);
  say('The image is there, and the cluster takes pods');
  await giveImages(image);
  await lock.kill();
  say('It has the images');
}
const jest = ['node_modules/jest/bin/jest.js', '--config=jest.cluster.config.js', ...process.argv.slice(2)];
const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const { code } = await outcomeOf(process.execPath, [...node, ...jest], {
  minutes: 60,
  listen: (text, stream) => process[stream].write(text),
});
process.exit(code === 0 ? 0 : 1);
