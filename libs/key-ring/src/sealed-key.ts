/** A user's key as the database holds it. */
export interface SealedKey {
  /** The column `Key`: classic or bound layout. */
  readonly value: string;
  /** The column `DataKeyId`: the data key that the value needs; null in the classic layout. */
  readonly dataKeyId: number | null;
}
