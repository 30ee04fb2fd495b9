import type { Server as TlsServer } from 'node:tls';
import {
  extraCaPath,
  KeyConnectorError,
  type MadeOfFiles,
  trustExtraCas,
  WatchedFiles,
  type WatchListener,
} from '@key-connector/common';
import { KeyProvider } from '@key-connector/crypto-providers';
import { Database, loginFiles } from '@key-connector/database';
import { Metrics } from '@key-connector/observability';
import { Settings, SettingsInvalid } from '@key-connector/settings';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { readTlsIdentity } from '../http/tls-identity.js';
import { credentialFiles } from './credential-files.js';

/**
 * Certificates, authorities and secrets in files, which are used anew when they change while the service runs. What
 * cannot be used is refused, told in the log and in a gauge, and what was in use goes on.
 */
@Injectable()
export class RotatingFiles implements WatchListener, OnApplicationShutdown {
  private readonly logger = new Logger('Files');
  private readonly refusedGauge;
  private readonly told = new Map<string, string>();
  private readonly watched: WatchedFiles;

  constructor(
    private readonly settings: Settings,
    private readonly database: Database,
    private readonly keyProvider: KeyProvider,
    private readonly adapterHost: HttpAdapterHost,
    metrics: Metrics,
  ) {
    this.refusedGauge = metrics.gauge({
      name: 'key_connector_files_refused',
      help: 'Whether the newest content of files that a setting names was refused, so that the one before is used: 1 or 0.',
      labelNames: ['setting'],
    });
    const things = [...this.listener(), this.authorities(), ...this.login(), ...this.credentials()];
    for (const { name } of things) this.refusedGauge.set({ setting: name }, 0);
    this.watched = new WatchedFiles(things, this);
  }

  /** Looks at the files from now on: what they hold now is what the start has read. */
  begin(): Promise<void> {
    return this.watched.begin(this.settings.files.checkSeconds);
  }

  onApplicationShutdown(): void {
    this.watched.stop();
  }

  used(setting: string, isNew: boolean): void {
    this.told.delete(setting);
    this.refusedGauge.set({ setting }, 0);
    this.logger.log({ msg: isNew ? 'changed files are in use' : 'the files in use are back', setting });
  }

  /** Told once for each cause; the gauge stays until there is something to use. */
  refused(setting: string, error: unknown): void {
    this.refusedGauge.set({ setting }, 1);
    const isOurs = error instanceof KeyConnectorError || error instanceof SettingsInvalid;
    const reason = isOurs ? error.message : 'unknown error';
    if (this.told.get(setting) === reason) return;
    this.told.set(setting, reason);
    this.logger.error({
      msg: 'changed files are refused, the ones before go on being used',
      setting,
      reason,
      ...(isOurs ? {} : { stack: error instanceof Error ? error.stack : undefined }),
    });
  }

  private listener(): MadeOfFiles[] {
    const { http } = this.settings;
    const { tlsCertificatePath, tlsKeyPath, tlsClientCaPath } = http;
    if (tlsCertificatePath === undefined || tlsKeyPath === undefined) return [];
    const files = [tlsCertificatePath, tlsKeyPath, ...(tlsClientCaPath === undefined ? [] : [tlsClientCaPath])];
    return [
      {
        name: 'http__tlsCertificatePath',
        paths: () => files,
        // Connections that are there go on; the next handshake shows the new certificate.
        use: async () => {
          const server = this.adapterHost.httpAdapter.getHttpServer() as TlsServer;
          server.setSecureContext((await readTlsIdentity(http)) ?? {});
        },
      },
    ];
  }

  private authorities(): MadeOfFiles {
    const { extraCaPath: path } = this.settings.tls;
    return {
      name: 'tls__extraCaPath',
      paths: () => [extraCaPath(path)],
      use: async () => {
        for (const warning of await trustExtraCas(path)) this.logger.warn(warning);
      },
    };
  }

  /** The connection string, and the files that it names. */
  private login(): MadeOfFiles[] {
    const { secrets, database } = this.settings;
    const own = secrets?.filesOf('database') ?? [];
    let named = loginFiles(database.connection);
    if (secrets === undefined || (own.length === 0 && named.length === 0)) return [];
    return [
      {
        name: own.map(({ setting }) => setting).join() || `database`,
        paths: () => [...own.map(({ path }) => path), ...named],
        use: async () => {
          const again = await secrets.readAgain('database');
          await this.database.replaceLogin(again);
          named = loginFiles(again.connection);
        },
      },
    ];
  }

  private credentials(): MadeOfFiles[] {
    const { secrets, keyProvider } = this.settings;
    // A wrong PIN is counted by the token, which locks itself after a few.
    if (secrets === undefined || keyProvider.kind === 'pkcs11') return [];
    const own = secrets.filesOf('keyProvider');
    const files = [...own.map(({ path }) => path), ...credentialFiles(keyProvider)];
    if (files.length === 0) return [];
    return [
      {
        name: keyProvider.kind === 'certificate' ? 'certificate' : 'rsaKey',
        paths: () => files,
        use: async () => {
          await this.keyProvider.replaceCredentials(await secrets.readAgain('keyProvider'));
        },
      },
    ];
  }
}
