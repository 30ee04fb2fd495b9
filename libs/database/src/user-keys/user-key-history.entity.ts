import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { UtcColumn } from '../dialect/utc-column.js';

/** What a member's row held before it was replaced or deleted. Never served; a PUT writes it by its own statement. */
@Entity('UserKeyHistory')
export class UserKeyHistoryRow {
  /** Drivers give 64 bits as text. */
  @PrimaryGeneratedColumn({ name: 'Id', type: 'bigint' })
  id!: string;

  @Column({ name: 'UserId', type: String })
  userId!: string;

  /** Sealed, in the layout that it had. */
  @Column({ name: 'Key', type: String, nullable: true })
  value!: string | null;

  @Column({ name: 'DataKeyId', type: 'int', nullable: true })
  dataKeyId!: number | null;

  /** Since when the member had this key. */
  @UtcColumn({ name: 'CreationDate' })
  creationDate!: Date;

  @UtcColumn({ name: 'ReplacedDate' })
  replacedDate!: Date;

  @Column({ name: 'Cause', type: String })
  cause!: string;
}
