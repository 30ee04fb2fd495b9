import { KeyServiceServer } from '../../examples/key-provider-key-service/test/key-service.server.js';
import { describeServingWith } from '../lab/service/serving-with.suite.js';
import { tempFolder } from '../lab/files/temp-folder.js';
import * as thirdParty from './module/third-party.js';

const always = { installed: true, reason: '' };

describeServingWith('a package by others, packed and installed by npm', always, async () => {
  const folder = await tempFolder('module-serving');
  const project = await thirdParty.checkedOut(folder.path);
  await thirdParty.build(project);
  const keyService = await KeyServiceServer.start();
  keyService.addVersion('company');
  return {
    entry: await thirdParty.productionWith(project, folder.path),
    settings: {
      rsaKey__provider: `module:${thirdParty.packageName}`,
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
