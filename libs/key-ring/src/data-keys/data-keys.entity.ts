import { UtcColumn } from '@key-connector/database';
import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** A data key that exists; the highest id is the newest one, and 0 is a classic deployment's. */
@Entity('DataKeys')
export class DataKeyRow {
  @PrimaryColumn({ name: 'Id', type: 'int' })
  id!: number;

  @UtcColumn({ name: 'CreationDate' })
  creationDate!: Date;
}

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

/** Where a classic deployment keeps its data key; the row with the lowest id counts. */
@Entity('ApplicationDatas')
export class ApplicationDataRow {
  @PrimaryGeneratedColumn({ name: 'Id' })
  id!: number;

  /** Base64 of the data key under the key-encryption key's classic algorithm. */
  @Column({ name: 'SymmetricKey', type: String, nullable: true })
  symmetricKey!: string | null;
}
