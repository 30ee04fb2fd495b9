import type { KeyProviderSettings } from '@key-connector/crypto-providers';
import { type Environment, processEnvironment } from '@key-connector/settings';

/** Variables that name a file which a cloud's SDK reads when a client is made, and not again. */
const ofSdks: Partial<Record<KeyProviderSettings['kind'], readonly string[]>> = {
  awskms: ['AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE'],
  gcpkms: ['GOOGLE_APPLICATION_CREDENTIALS'],
  azurekv: ['AZURE_CLIENT_CERTIFICATE_PATH'],
};

/**
 * Files that the key provider is opened by, beside the secrets of the settings: the certificate itself, and credentials
 * that the environment names. Tokens that a platform writes (web identity, workload identity, service account, an agent
 * of Vault) are not among them: they are read each time that they are needed.
 */
export function credentialFiles(
  settings: KeyProviderSettings,
  environment: Environment = processEnvironment(),
): readonly string[] {
  if (settings.kind === 'certificate') return settings.source.kind === 'filesystem' ? [settings.source.path] : [];
  return (ofSdks[settings.kind] ?? []).map((name) => environment[name] ?? '').filter((path) => path.trim() !== '');
}
