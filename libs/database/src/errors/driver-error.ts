import { QueryFailedError } from 'typeorm';

/** An error as drivers throw them. */
export interface DriverError {
  readonly message: string;
  /** SQLSTATE, SQL Server's error number, a result code of SQLite, or a code of the driver, node:net or node:tls. */
  readonly code: string | undefined;
  /** The number of MySQL's error. */
  readonly errno: number | undefined;
  /** The SQLSTATE beside it. */
  readonly sqlState: string | undefined;
  /** True when mysql2 says that the connection broke. */
  readonly fatal: boolean;
  /** True for an answer of the server, false for an error of the driver or the network. */
  readonly fromServer: boolean;
}

/** The fields that node-postgres, mysql2, mssql, better-sqlite3 and node:net put on an error. */
interface Fields {
  readonly message: unknown;
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly number?: unknown;
  readonly severity?: unknown;
  readonly sqlState?: unknown;
  readonly fatal?: unknown;
}

/** Reads what a driver threw, through TypeORM's wrapping; `undefined` when it is no error at all. */
export function driverErrorOf(thrown: unknown): DriverError | undefined {
  const error: unknown = thrown instanceof QueryFailedError ? thrown.driverError : thrown;
  // By shape, not by class: an error of node:net has another Error class where tests run in a realm of their own.
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined;
  const { message, code, errno, number, severity, sqlState, fatal }: Fields = error;
  return {
    message: String(message),
    // mssql's own code is EREQUEST for whatever SQL Server answers.
    code: typeof number === 'number' ? String(number) : typeof code === 'string' ? code : undefined,
    // node:net gives its errors an errno too.
    errno: typeof sqlState === 'string' && typeof errno === 'number' ? errno : undefined,
    sqlState: typeof sqlState === 'string' ? sqlState : undefined,
    fatal: fatal === true,
    // What only an answer of the server has.
    fromServer: severity !== undefined || sqlState !== undefined || typeof number === 'number',
  };
}
