import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TlsCertificate, tlsCertificate } from '../../files/certificate.ts';
import { tempFolder } from '../../files/temp-folder.ts';
import { GoogleIdentityDouble, type ServiceAccountKey } from './identity.double.ts';
import { GoogleKmsDouble } from './kms.double.ts';

/** A Google Cloud project on this machine: KMS, identities, and a service account that may use the keys. */
export interface GoogleProject {
  readonly identity: GoogleIdentityDouble;
  readonly kms: GoogleKmsDouble;
  readonly account: ServiceAccountKey;
  /** The certificate of KMS, and the authority that signed it. */
  readonly tls: TlsCertificate;
  /** A folder that lives as long as the project. */
  readonly folder: string;
  /** What points a process' application default credentials to the service account. */
  readonly env: Readonly<Record<string, string>>;
  /** The `rsaKey__*` settings of a version of one of the project's keys. */
  settings(key: string, version?: number): Record<string, string>;
  stop(): Promise<void>;
}

/** @param names further names that the certificates are good for. */
export async function startGoogleProject(names: readonly string[] = []): Promise<GoogleProject> {
  const folder = await tempFolder('google');
  const identity = await GoogleIdentityDouble.start();
  const tls = tlsCertificate(names);
  const kms = await GoogleKmsDouble.start(identity, tls);
  const account = identity.createServiceAccountKey();
  const file = join(folder.path, 'service-account.json');
  await writeFile(file, JSON.stringify(account), { mode: 0o600 });
  return {
    identity,
    kms,
    account,
    tls,
    folder: folder.path,
    env: { GOOGLE_APPLICATION_CREDENTIALS: file, METADATA_SERVER_DETECTION: 'none' },
    settings: (key, version = 1) => ({
      provider: 'gcpkms',
      googleCloudProjectId: 'project',
      googleCloudLocationId: 'europe-west1',
      googleCloudKeyringId: 'ring',
      googleCloudKeyId: key,
      googleCloudKeyVersionId: String(version),
      googleCloudEndpoint: kms.endpoint,
    }),
    stop: async () => {
      await kms.halt();
      await identity.stop();
      await folder.remove();
    },
  };
}
