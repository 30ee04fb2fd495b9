/**
 * Ends the process when it runs on a Node that is too old, and says so. Whatever is loaded up to here must be
 * understood by Node 12 too: static imports of what Node has always had, no `?.`, no `??`, no top-level await.
 */
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  readonly engines: { readonly node: string };
};

/** `[24, 21]` of `>=24.21` and of `v24.21.0`. */
function release(version: string): readonly [number, number] {
  const match = /(\d+)\.(\d+)/.exec(version);
  return match === null ? [0, 0] : [Number(match[1]), Number(match[2])];
}

const [major, minor] = release(process.version);
const [neededMajor, neededMinor] = release(manifest.engines.node);
if (major < neededMajor || (major === neededMajor && minor < neededMinor)) {
  process.stderr.write(
    `Key Connector needs Node.js ${neededMajor}.${neededMinor} or later. It was started by ` +
      `${process.version}, ${process.execPath}.\n`,
  );
  process.exit(1);
}
