import { type Report, required } from '../contract/required-settings.js';

/** The settings of the source `azurestorage`. */
export interface AzureStorageSourceSettings {
  readonly connectionString: string;
  readonly container: string;
  readonly blob: string;
  readonly password: string | undefined;
}

interface Given {
  readonly azureStorageConnectionString?: string | undefined;
  readonly azureStorageContainer?: string | undefined;
  readonly azureStorageFileName?: string | undefined;
  readonly azureStorageFilePassword?: string | undefined;
}

/** The settings of `azurestorage` out of `certificate__*`; what is missing or wrong is reported, and gives `undefined`. */
export function chooseAzureStorage(settings: Given, report: Report): AzureStorageSourceSettings | undefined {
  const missing = {
    azureStorageConnectionString: 'the connection string of the storage account',
    azureStorageContainer: 'the container of the key file',
    azureStorageFileName: 'the name of the blob with the key file',
  };
  const given = required('certificate', settings, missing, report);
  if (given === undefined) return undefined;
  const connectionString = given.azureStorageConnectionString.trim();
  const problem = problemOf(connectionString);
  if (problem !== undefined) {
    report(['certificate', 'azureStorageConnectionString'], problem);
    return undefined;
  }
  const { azureStorageContainer: container, azureStorageFileName: blob } = given;
  return { connectionString, container, blob, password: settings.azureStorageFilePassword };
}

/** What is wrong with a connection string of Azure Storage, without a value of it; `undefined` when nothing is. */
function problemOf(connectionString: string): string | undefined {
  if (/^UseDevelopmentStorage=true/i.test(connectionString)) return undefined;
  const pairs = new Map<string, string>();
  for (const part of connectionString.split(';').filter((one) => one.trim() !== '')) {
    const at = part.indexOf('=');
    if (at < 1) return 'must be Name=value pairs, separated by semicolons';
    pairs.set(part.slice(0, at).trim().toLowerCase(), part.slice(at + 1));
  }
  const endpoint = pairs.get('blobendpoint');
  if (!pairs.has('sharedaccesssignature') && !(pairs.has('accountname') && pairs.has('accountkey')))
    return 'must hold AccountName and AccountKey, or a SharedAccessSignature';
  if (endpoint !== undefined && !URL.canParse(endpoint)) return 'holds a BlobEndpoint that is no URI';
  if (endpoint !== undefined ? isPlainHttp(endpoint) : pairs.get('defaultendpointsprotocol')?.toLowerCase() === 'http')
    return 'must lead to https (http is for loopback only)';
  return undefined;
}

function isPlainHttp(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
