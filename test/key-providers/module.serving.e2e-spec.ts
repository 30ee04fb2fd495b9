import { join } from 'node:path';
import { KeyServiceServer } from '../../examples/key-provider-key-service/test/key-service.server.js';
import { describeServingWith } from '../support/serving-with.js';
import { tempFolder } from '../support/temp-folder.js';
import * as thirdParty from './module/third-party.js';

describeServingWith('a key provider in a package by others', { installed: true, reason: '' }, async () => {
  const folder = await tempFolder('module-serving');
  const project = await thirdParty.checkedOut(folder.path);
  await thirdParty.build(project);
  const nodeModules = join(folder.path, 'node_modules');
  await thirdParty.linkPackages(nodeModules);
  const main = join(await thirdParty.install(project, nodeModules), 'dist/index.js');
  const keyService = await KeyServiceServer.start();
  keyService.addVersion('company');
  return {
    settings: {
      rsaKey__provider: `module:${main}`,
      rsaKey__module__url: keyService.url,
      rsaKey__module__key: 'company',
      rsaKey__module__token: keyService.token,
      certificate__filesystemPath: '/nonexistent',
    },
    halt: () => keyService.stop(),
    resume: () => keyService.restart(),
    stop: async () => {
      await keyService.stop();
      await folder.remove();
    },
  };
});
