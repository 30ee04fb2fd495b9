/** A database server of this run, empty at first. */
export interface BenchDatabase extends AsyncDisposable {
  readonly description: string;
  /** Settings of the service that lead to it, by path. */
  readonly serviceSettings: Record<string, string>;
  /** Where the baselines find it. */
  readonly url: string;
  /** The wrapping of the active data key, which the service made at its first start. */
  activeWrapping(): Promise<StoredWrapping>;
  insert(rows: readonly StoredValue[]): Promise<void>;
  /** Makes so many rows that all hold the same, under random ids; older than those that are inserted. */
  crowd(count: number, row: Omit<StoredValue, 'userId'>): Promise<void>;
  /** What UserKeys takes on the disk with its indices, in bytes. */
  tableBytes(): Promise<number>;
  /** Clears away what the previous turn left (dead rows, dirty pages), so that no target pays for another. */
  tidy(): Promise<void>;
  /** CPU time that the server has used so far, all its processes, in µs. */
  cpuMicroseconds(): number;
}

/** A row of DataKeyWrappings. */
export interface StoredWrapping {
  readonly dataKeyId: number;
  readonly algorithm: string;
  /** Base64. */
  readonly wrappedKey: string;
}

/** A row of UserKeys. */
export interface StoredValue {
  readonly userId: string;
  readonly dataKeyId: number;
  readonly value: string;
}
