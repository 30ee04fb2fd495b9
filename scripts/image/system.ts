/**
 * Takes out of a Debian with Node what Node needs to run, into an empty folder: `node scripts/image/system.ts
 * <target>`. No shell, no package manager; the packages' states and copyrights come along, for scanners and for people.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const [target = ''] = process.argv.slice(2);

/** libc's parts that others link against come along: PKCS#11 modules are mounted, and need them. */
const packages = ['libc6', 'libgcc-s1', 'libstdc++6'];
/** Whoever runs the container without saying as whom. */
const user = { id: 65532, name: 'key-connector' };

const library = /\/lib(64)?\/([a-z\d_]+-linux-gnu[a-z\d_]*\/)?[^/]+\.so(\.[\d.]+)?$/;
const database = '/var/lib/dpkg';
const states = readFileSync(join(database, 'status'), 'utf8').split('\n\n');

const merged = ['bin', 'lib', 'lib64', 'sbin'];

function place(path: string, content: string): void {
  mkdirSync(dirname(join(target, path)), { recursive: true });
  writeFileSync(join(target, path), content);
}

/** Copies a file to the same place, links as they are. */
function take(path: string): void {
  // Debian's lists name files of /usr by their old places too.
  const [, first = ''] = path.split('/');
  const to = merged.includes(first) ? `/usr${path}` : path;
  cpSync(path, join(target, to), { verbatimSymlinks: true });
}

for (const name of packages) {
  const state = states.find((text) => text.startsWith(`Package: ${name}\n`) && /^Status: .* installed$/m.test(text));
  const architecture = /^Architecture: (.+)$/m.exec(state ?? '')?.[1];
  if (state === undefined || architecture === undefined) throw new Error(`${name} is not installed in the base image.`);
  place(`${database}/status.d/${name}`, `${state}\n`);
  const files = readFileSync(join(database, 'info', `${name}:${architecture}.list`), 'utf8').split('\n');
  const libraries = files.filter((file) => library.test(file));
  if (libraries.length === 0) throw new Error(`${name} has no libraries where they are looked for.`);
  libraries.forEach(take);
  place(`usr/share/doc/${name}/copyright`, readFileSync(realpathSync(`/usr/share/doc/${name}/copyright`), 'utf8'));
}
for (const folder of ['lib', 'lib64']) {
  if (existsSync(join(target, 'usr', folder))) symlinkSync(`usr/${folder}`, join(target, folder));
}

const node = 'usr/local/bin/node';
take(`/${node}`);
cpSync('/usr/local/LICENSE', join(target, 'usr/share/doc/node/copyright'));
cpSync('/usr/lib/os-release', join(target, 'usr/lib/os-release'));
place('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n');
place('etc/passwd', `root:x:0:0:root:/:/\n${user.name}:x:${user.id}:${user.id}::/home/${user.name}:/\n`);
place('etc/group', `root:x:0:\n${user.name}:x:${user.id}:\n`);
symlinkSync('../usr/lib/os-release', join(target, 'etc/os-release'));
for (const folder of ['etc/bitwarden', 'etc/key-connector', `home/${user.name}`, 'run', 'tmp']) {
  mkdirSync(join(target, folder), { recursive: true });
}
chmodSync(join(target, 'tmp'), 0o1777);
