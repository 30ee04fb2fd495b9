import { type Secret, secret, text } from '@key-connector/common';
import { required } from '../contract/required-settings.js';
import { defineCertificateSource } from './certificate-source.js';

/** A key file in a blob of Azure Storage. */
export const azureStorage = defineCertificateSource({
  kind: 'azurestorage',
  fields: {
    azureStorageConnectionString: secret('Azure Storage: the connection string.').optional(),
    azureStorageContainer: text('Azure Storage: the container.').optional(),
    azureStorageFileName: text('Azure Storage: the name of the PKCS#12 blob.').optional(),
    azureStorageFilePassword: secret('Azure Storage: the password of the PKCS#12.').optional(),
  },

  choose: (certificate, report) => {
    const missing = {
      azureStorageConnectionString: 'the connection string of the storage account',
      azureStorageContainer: 'the container of the key file',
      azureStorageFileName: 'the name of the blob with the key file',
    };
    const given = required('certificate', certificate, missing, report);
    if (given === undefined) return undefined;
    const { azureStorageConnectionString: connectionString } = given;
    const reason = whyUnfit(connectionString);
    if (reason !== undefined) {
      report(['certificate', 'azureStorageConnectionString'], reason);
      return undefined;
    }
    const { azureStorageContainer: container, azureStorageFileName: blob } = given;
    return { connectionString, container, blob, password: certificate.azureStorageFilePassword };
  },

  describe: (settings) => describeBlob(settings),

  read: async (settings, { timeoutSeconds }) => {
    const { downloadBlob } = await import('../clients/azure/blob.client.js');
    const origin = describeBlob(settings);
    return {
      origin,
      bytes: await downloadBlob(settings, origin, timeoutSeconds),
      password: settings.password,
      passwordSetting: 'certificate__azureStorageFilePassword',
    };
  },
});

const describeBlob = ({ container, blob }: { readonly container: string; readonly blob: string }): string =>
  `${container}/${blob} in Azure Storage`;

/** What is wrong with a connection string of Azure Storage, without a value of it; `undefined` when nothing is. */
function whyUnfit(connectionString: Secret): string | undefined {
  const text = connectionString.reveal().trim();
  if (/^UseDevelopmentStorage=true/i.test(text)) return undefined;
  const pairs = new Map<string, string>();
  for (const part of text.split(';').filter((one) => one.trim() !== '')) {
    const at = part.indexOf('=');
    if (at < 1) return 'must be Name=value pairs, separated by semicolons';
    pairs.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1));
  }
  const endpoint = pairs.get('blobendpoint');
  if (!pairs.has('sharedaccesssignature') && !(pairs.has('accountname') && pairs.has('accountkey')))
    return 'must hold AccountName and AccountKey, or a SharedAccessSignature';
  if (endpoint !== undefined && !URL.canParse(endpoint)) return 'holds a BlobEndpoint that is no URI';
  if (endpoint?.includes('@') === true)
    return 'holds a BlobEndpoint with a user name or password: remove what stands before the @, and change that password';
  if (endpoint !== undefined ? isPlainHttp(endpoint) : pairs.get('defaultendpointsprotocol')?.toLowerCase() === 'http')
    return 'must lead to https (http is for loopback only)';
  return undefined;
}

function isPlainHttp(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
