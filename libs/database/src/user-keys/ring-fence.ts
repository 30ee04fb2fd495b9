import { Column, Entity, type EntityManager, MoreThanOrEqual, PrimaryColumn } from 'typeorm';
import { fenceRows, type RingFence } from '../dialect/user-key.statements.js';

/** A row of RingManifests, as far as a fence looks at it. */
@Entity('RingManifests')
export class FenceRow {
  @PrimaryColumn({ name: 'Version', type: 'int' })
  version!: number;

  @Column({ name: 'Signature', type: String })
  signature!: string;
}

/**
 * Whether the manifest counts that a fence names, as a swap asks it. For work under the database's lock, in its transaction: who
 * adds a manifest takes that lock too, so what holds at the begin holds until the commit. Ask again at the end, where no
 * lock is to be had: then what is left is the moment of the commit.
 */
export async function fenceHolds(manager: EntityManager, { passedOver, ...named }: RingFence): Promise<boolean> {
  const rows = await manager.find(FenceRow, {
    where: { version: MoreThanOrEqual(named.version) },
    order: { version: 'ASC' },
    take: fenceRows,
  });
  const known = [named, ...passedOver];
  return (
    rows.some(({ version }) => version === named.version) &&
    rows.every((row) => known.some(({ version, signature }) => row.version === version && row.signature === signature))
  );
}
