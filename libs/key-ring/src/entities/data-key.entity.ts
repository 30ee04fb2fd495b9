import { UtcColumn } from '@key-connector/database';
import { Entity, PrimaryColumn } from 'typeorm';

/** A data key that exists; the highest id is the active one, and 0 is a classic deployment's. */
@Entity('DataKeys')
export class DataKeyRow {
  @PrimaryColumn({ name: 'Id', type: 'int' })
  id!: number;

  @UtcColumn({ name: 'CreationDate' })
  creationDate!: Date;
}
