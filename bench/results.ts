import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { GetResults } from './runs/get.ts';
import type { GrowthResults } from './runs/growth.ts';
import type { PutResults } from './runs/put.ts';
import type { RatesResults } from './runs/rates.ts';
import type { ReencryptResults } from './runs/reencrypt.ts';
import type { StartResults } from './runs/start.ts';
import type { WriteBehindResults } from './runs/write-behind.ts';

/** The shape of `bench/results/latest.json`; a part that was not run is not there. */
export interface Results {
  /** Product and version. */
  readonly database: string;
  readonly get?: GetResults;
  readonly rates?: RatesResults;
  readonly start?: StartResults;
  readonly put?: PutResults;
  readonly writeBehind?: WriteBehindResults;
  readonly growth?: GrowthResults;
  readonly reencrypt?: ReencryptResults;
}

/** Writes a file of the results. */
export function writeResult(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
