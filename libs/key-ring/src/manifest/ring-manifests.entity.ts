import { UtcColumn } from '@key-connector/database';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A version of the ring's manifest; inserted, never updated. Anybody who writes the database can put rows here. */
@Entity('RingManifests')
export class RingManifestRow {
  @PrimaryColumn({ name: 'Version', type: 'int' })
  version!: number;

  @Column({ name: 'Document', type: String })
  document!: string;

  /** Base64. */
  @Column({ name: 'Signature', type: String })
  signature!: string;

  @UtcColumn({ name: 'CreationDate' })
  creationDate!: Date;
}
