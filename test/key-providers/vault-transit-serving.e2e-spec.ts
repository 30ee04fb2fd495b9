import { OpenBaoServer, openbao } from '../lab/clouds/vault/openbao.server.ts';
import { describeServingWith } from '../lab/service/serving-with.suite.ts';

describeServingWith('a key in the transit engine of OpenBao', openbao, async () => {
  const bao = await OpenBaoServer.start();
  await bao.mount('transit', 'transit');
  await bao.post('transit/keys/kc', { type: 'rsa-2048' });
  await bao.policy('key-connector', { 'transit/keys/kc': ['read'], 'transit/decrypt/kc': ['update'] });
  return {
    settings: {
      rsaKey__provider: 'vaulttransit',
      rsaKey__vaultServerUri: bao.url,
      rsaKey__vaultToken: await bao.token(['key-connector']),
      rsaKey__vaultTransitKeyName: 'kc',
      certificate__filesystemPath: '/nonexistent',
    },
    halt: () => bao.kill(),
    resume: () => bao.restart(),
    stop: () => bao.stop(),
  };
});
