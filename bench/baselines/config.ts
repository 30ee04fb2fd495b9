import { createSecretKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { DatabaseKind } from '../databases/index.ts';
import type { DataKey } from '../bound-value.ts';

/** What a baseline is told at its start. */
export interface BaselineConfig {
  readonly port: number;
  readonly kind: DatabaseKind;
  readonly databaseUrl: string;
  readonly identityServerUri: string;
  readonly dataKey: DataKey;
}

/** Writes a configuration for `readConfig` in the baseline's own process; the file holds the data key of this run. */
export function writeConfig(path: string, { dataKey, ...config }: BaselineConfig): void {
  const text = JSON.stringify({ ...config, dataKeyId: dataKey.id, dataKey: dataKey.key.export().toString('base64') });
  writeFileSync(path, text, { mode: 0o600 });
}

/** Reads the configuration whose path is the only argument of this process. */
export function readConfig(): BaselineConfig {
  const [, , path = ''] = process.argv;
  const { dataKey, dataKeyId, ...config } = JSON.parse(readFileSync(path, 'utf8')) as WrittenConfig;
  return { ...config, dataKey: { id: dataKeyId, key: createSecretKey(dataKey, 'base64') } };
}

interface WrittenConfig extends Omit<BaselineConfig, 'dataKey'> {
  readonly dataKeyId: number;
  readonly dataKey: string;
}
