import { expect, test } from '@jest/globals';
import { startDeployment } from '../lab/service/deployment.js';
import { HangingFile } from '../lab/files/hanging-file.js';
import { startService } from '../lab/service/service.process.js';
import { until } from '../lab/processes/until.js';

test('a key file on a share that hangs makes the service wait and say so, and it is read once it answers', async () => {
  const deployment = await startDeployment();
  const file = await HangingFile.create(deployment.folder, deployment.settings['certificate__filesystemPath'] ?? '');
  const service = await startService({
    settings: { ...deployment.settings, certificate__filesystemPath: file.path },
    waitFor: 'live',
  });
  try {
    await until(
      () => service.logs.some(({ code }) => code === 'KEY_PROVIDER_UNAVAILABLE'),
      'the log says that the key provider does not answer',
      40_000,
    );
    expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(503);
    await file.release();
    await until(async () => (await fetch(`${service.url}/health`)).status === 200, 'the service is ready');
  } finally {
    await service.kill();
    await deployment.stop();
  }
});
