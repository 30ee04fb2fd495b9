/** The two statements of a baseline, by hand and as its driver is fastest. */
export interface Store {
  readonly read: (userId: string) => Promise<string | undefined>;
  /** One upsert. */
  readonly write: (userId: string, value: string, dataKeyId: number) => Promise<void>;
}
