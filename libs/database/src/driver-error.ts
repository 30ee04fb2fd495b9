import { QueryFailedError } from 'typeorm';

/** An error as drivers throw them. */
export interface DriverError {
  readonly message: string;
  /** SQLSTATE, SQL Server's error number, a result code of SQLite, or a code of the driver, node:net or node:tls. */
  readonly code: string | undefined;
  /** True for an answer of the server, false for an error of the driver or the network. */
  readonly fromServer: boolean;
}

/** Reads what a driver threw, through TypeORM's wrapping; `undefined` when it is no error at all. */
export function driverErrorOf(thrown: unknown): DriverError | undefined {
  const error: unknown = thrown instanceof QueryFailedError ? thrown.driverError : thrown;
  // By shape, not by class: an error of node:net has another Error class where tests run in a realm of their own.
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined;
  const message = String(error.message);
  // mssql's own code is EREQUEST for whatever SQL Server answers.
  if ('number' in error && typeof error.number === 'number') {
    return { message, code: String(error.number), fromServer: true };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { message, code, fromServer: 'severity' in error };
}
