import { openPkcs11InEnvironment, type Pkcs11TestSettings } from '@key-connector/crypto-providers/testing';

type OpenKey = Awaited<ReturnType<typeof openPkcs11InEnvironment>>;

/** Keys that a test has opened, each with a process of its own: closed together. */
export class OpenKeys {
  private readonly opened: OpenKey[] = [];

  async open(settings: Pkcs11TestSettings, environment: Readonly<Record<string, string>>): Promise<OpenKey> {
    const key = await openPkcs11InEnvironment(settings, environment);
    this.opened.push(key);
    return key;
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.splice(0).map((key) => key.close()));
  }
}
