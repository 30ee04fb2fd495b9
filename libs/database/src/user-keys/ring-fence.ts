import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import { fenceRows, type ManifestVersion, type RingFence } from '../dialect/user-key.statements.js';

/** A row of RingManifests, as far as a fence looks at it. */
@Entity('RingManifests')
export class FenceRow {
  @PrimaryColumn({ name: 'Version', type: 'int' })
  version!: number;

  @Column({ name: 'Signature', type: String })
  signature!: string;
}

/**
 * Whether the manifest counts that a fence names, as a swap asks it. For work under the database's lock, in its
 * transaction: who adds a manifest takes that lock too. Where there is no lock for us, or each node of a cluster has
 * its own, ask at the end, and roll back where it does not hold: then what is left is the moment of the commit.
 */
export async function fenceHolds(manager: EntityManager, { passedOver, ...named }: RingFence): Promise<boolean> {
  const [query, parameters] = manager
    .createQueryBuilder(FenceRow, 'm')
    .select('m.version', 'version')
    .addSelect('m.signature', 'signature')
    .where('m.version >= :version', named)
    .orderBy('m.version', 'ASC')
    .limit(fenceRows)
    .getQueryAndParameters();
  const rows = await manager.query<ManifestVersion[]>(query + asOfNow(manager), parameters);
  const known = [named, ...passedOver];
  return (
    rows.some(({ version }) => version === named.version) &&
    rows.every((row) => known.some(({ version, signature }) => row.version === version && row.signature === signature))
  );
}

/**
 * MySQL and MariaDB answer a plain read from a snapshot as old as the transaction's first read. TypeORM's own word for
 * it is one that MariaDB does not know.
 */
const asOfNow = ({ dataSource }: EntityManager): string =>
  dataSource.options.type === 'mysql' ? ' LOCK IN SHARE MODE' : '';
