/** One thing that befalls a database server, and how it passes. */
export interface Outage {
  readonly name: string;
  /** Ends when the server can be used again, as far as it is concerned. */
  befall(): Promise<void>;
}

/** A database with what can befall it, in the order in which it does. */
export interface OutageStage {
  /** `database__*` settings that lead to it. */
  readonly settings: Readonly<Record<string, string>>;
  readonly outages: readonly Outage[];
  stop(): Promise<void>;
}
