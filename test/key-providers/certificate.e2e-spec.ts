import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { hasAzurite, noAzurite, startAzurite } from '../lab/clouds/azure/azurite.server.ts';
import { makeKeyCertificate, makeKeyPfx } from '../lab/files/certificate.ts';
import { run } from '../lab/processes/child-process.ts';
import { OpenBaoServer, openbao } from '../lab/clouds/vault/openbao.server.ts';
import { type ServedProvider, describeServingWith } from '../lab/service/serving-with.suite.ts';
import { tempFolder } from '../lab/files/temp-folder.ts';

const always = { installed: true, reason: '' };

/** A file goes away by another name, as with a volume that is not mounted. */
const inFile = (path: string): Pick<ServedProvider, 'halt' | 'resume'> => ({
  halt: () => rename(path, `${path}.away`),
  resume: () => rename(`${path}.away`, path),
});

async function filesystem(): Promise<ServedProvider> {
  const folder = await tempFolder('key-file');
  const { path, password } = await makeKeyCertificate(folder.path);
  return {
    settings: { certificate__filesystemPath: path, certificate__filesystemPassword: password },
    ...inFile(path),
    stop: () => folder.remove(),
  };
}

async function dotnetStore(): Promise<ServedProvider> {
  const home = await tempFolder('dotnet-home');
  const store = join(home.path, '.dotnet/corefx/cryptography/x509stores/my');
  await mkdir(store, { recursive: true });
  const [pfx, certificate] = [join(store, 'key-connector.pfx'), join(home.path, 'certificate.pem')];
  await writeFile(pfx, makeKeyPfx(''));
  await run('openssl', ['pkcs12', '-in', pfx, '-passin', 'pass:', '-nokeys', '-out', certificate]);
  const { fingerprint } = new X509Certificate(await readFile(certificate));
  return {
    settings: { certificate__provider: 'store', certificate__storeThumbprint: fingerprint },
    env: { HOME: home.path },
    ...inFile(pfx),
    stop: () => home.remove(),
  };
}

async function azureStorage(): Promise<ServedProvider> {
  const azurite = await startAzurite();
  const container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('keys');
  await container.create();
  const pfx = makeKeyPfx('in-a-blob');
  await container.getBlockBlobClient('bwkc.pfx').upload(pfx, pfx.length);
  await azurite.noted('bwkc.pfx');
  return {
    settings: {
      certificate__provider: 'azurestorage',
      certificate__azureStorageConnectionString: azurite.connectionString,
      certificate__azureStorageContainer: 'keys',
      certificate__azureStorageFileName: 'bwkc.pfx',
      certificate__azureStorageFilePassword: 'in-a-blob',
    },
    halt: () => azurite.kill(),
    resume: () => azurite.restart(),
    stop: () => azurite.stop(),
  };
}

async function vault(): Promise<ServedProvider> {
  const bao = await OpenBaoServer.start();
  await bao.mount('secret', 'kv', { version: '2' });
  await bao.policy('key-connector', { 'secret/data/bwkc': ['read'] });
  await bao.post('secret/data/bwkc', { data: { pfx: makeKeyPfx('in-vault').toString('base64') } });
  return {
    settings: {
      certificate__provider: 'vault',
      certificate__vaultServerUri: bao.url,
      certificate__vaultToken: await bao.token(['key-connector']),
      certificate__vaultSecretPath: 'bwkc',
      certificate__vaultSecretDataKey: 'pfx',
      certificate__vaultSecretFilePassword: 'in-vault',
    },
    halt: () => bao.kill(),
    resume: () => bao.restart(),
    stop: () => bao.stop(),
  };
}

describeServingWith('a certificate from a file', always, filesystem, { startWithout: 'ends' });
describeServingWith('a certificate in a .NET store', always, dotnetStore, { startWithout: 'ends' });
describeServingWith('a certificate in Azure Storage', { installed: hasAzurite, reason: noAzurite }, azureStorage);
describeServingWith('a certificate in a KV engine of OpenBao', openbao, vault);
