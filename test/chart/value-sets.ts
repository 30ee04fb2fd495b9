import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { chart } from '../lab/kubernetes/helm.js';

const folder = join(chart, 'ci');

/** The value sets that the chart brings, by name. */
export const valueSets = readdirSync(folder).map((file) => basename(file, '.yaml'));

/** The file of one of them. */
export const valueSet = (name: string): string => join(folder, `${name}.yaml`);
