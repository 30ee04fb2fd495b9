import type { Dialect } from './dialect/dialect.js';
import type { Product, ProductSettings } from './dialect/product.js';
import { mysql } from './mysql/index.js';
import { postgresql } from './postgresql/index.js';
import { sqlite } from './sqlite/index.js';
import { sqlserver } from './sqlserver/index.js';

/** The one list of databases, by the word that `database.provider` has for each: settings and types follow from it. */
const list = { postgresql, sqlite, mysql, sqlserver };

type List = typeof list;

/** A word of `database.provider`. */
export type Provider = keyof List;

/** The setting that holds a product's connection string. */
export type ConnectionSetting = List[Provider]['setting'];

type ConnectionOf<P extends Provider> = ReturnType<List[P]['parse']>;

/** Checked settings of one product. */
export type SettingsOf<P extends Provider> = ProductSettings<ConnectionOf<P>> & { readonly provider: P };

/** Products by their word; a list that holds something else does not compile. */
export const products: { readonly [P in Provider]: Product<ConnectionOf<P>> & Pick<List[P], 'setting'> } = list;

/** The dialect of the chosen product; its driver is loaded here, and no other one. */
export function openDialect<P extends Provider>(settings: SettingsOf<P>): Promise<Dialect> {
  return products[settings.provider].open(settings);
}
