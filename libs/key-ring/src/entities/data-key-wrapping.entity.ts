import { UtcColumn } from '@key-connector/database';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One data key, wrapped under one key-encryption key. */
@Entity('DataKeyWrappings')
export class DataKeyWrappingRow {
  @PrimaryColumn({ name: 'DataKeyId', type: 'int' })
  dataKeyId!: number;

  /** The fingerprint that the key-encryption key names itself by. */
  @PrimaryColumn({ name: 'KekId', type: String })
  kekId!: string;

  @Column({ name: 'KeyReference', type: String })
  keyReference!: string;

  @Column({ name: 'Algorithm', type: String })
  algorithm!: string;

  /** Base64. */
  @Column({ name: 'WrappedKey', type: String })
  wrappedKey!: string;

  @UtcColumn({ name: 'CreationDate' })
  creationDate!: Date;
}
