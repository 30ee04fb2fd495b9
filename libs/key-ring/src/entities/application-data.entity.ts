import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** Where a classic deployment keeps its data key; the row with the lowest id counts. */
@Entity('ApplicationDatas')
export class ApplicationDataRow {
  @PrimaryGeneratedColumn({ name: 'Id' })
  id!: number;

  /** Base64 of the data key under the key-encryption key's classic algorithm. */
  @Column({ name: 'SymmetricKey', type: String, nullable: true })
  symmetricKey!: string | null;
}
