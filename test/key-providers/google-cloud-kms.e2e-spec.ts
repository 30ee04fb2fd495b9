import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startGoogleProject } from '../lab/clouds/google/project.ts';
import { describeServingWith } from '../lab/service/serving-with.suite.ts';

describeServingWith('a key in Google Cloud KMS', { installed: true, reason: '' }, async () => {
  const project = await startGoogleProject();
  project.kms.addVersion('key-connector');
  const ca = join(project.folder, 'ca.crt');
  await writeFile(ca, project.tls.caPem);
  const rsaKey = Object.entries(project.settings('key-connector')).map(([name, value]) => [`rsaKey__${name}`, value]);
  return {
    settings: {
      ...(Object.fromEntries(rsaKey) as Record<string, string>),
      tls__extraCaPath: ca,
      certificate__filesystemPath: '/nonexistent',
    },
    env: project.env,
    halt: () => project.kms.halt(),
    resume: () => project.kms.resume(),
    stop: () => project.stop(),
  };
});
