import { Column, Entity, PrimaryColumn } from 'typeorm';
import { UtcColumn } from '../dialect/utc-column.js';

/** A member's sealed key. Hot statements go through UserKeyStatements; this is for everything that is not hot. */
@Entity('UserKeys')
export class UserKey {
  /** GUID text; SQLite files of existing deployments hold it in upper case. */
  @PrimaryColumn({ name: 'Id', type: String })
  id!: string;

  @Column({ name: 'Key', type: String, nullable: true })
  value!: string | null;

  /** The data key that `value` is sealed under; null while it is in the classic layout. */
  @Column({ name: 'DataKeyId', type: 'int', nullable: true })
  dataKeyId!: number | null;

  @UtcColumn({ name: 'CreationDate' })
  creationDate!: Date;

  @UtcColumn({ name: 'RevisionDate', nullable: true })
  revisionDate!: Date | null;

  @UtcColumn({ name: 'LastAccessDate', nullable: true })
  lastAccessDate!: Date | null;
}
