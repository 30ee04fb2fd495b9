import type { Statement } from './requests.js';
import { SqlError } from './tokens.js';

/**
 * What stands outside of quotes and brackets in the statements of this project: words of Transact-SQL, names of its
 * types and functions, aliases. Everything else is refused, reserved words as names and other databases' SQL among it.
 */
const words = new Set(
  `
  ADD ALTER AND AS ASC BEGIN BETWEEN BY CASCADE CASE CAST CHECK COLLATE COMMIT CONSTRAINT CREATE DATABASE DECLARE DEFAULT DELETE DESC DISTINCT DROP ELSE END
  EXEC EXISTS FETCH FOREIGN FROM GROUP HOLDLOCK IDENTITY IF IMMEDIATE IN INDEX INNER INSERT INTO IS JOIN KEY LEFT LIKE LOCK_TIMEOUT NEXT NOCHECK NOT
  NULL OFFSET ON ONLY OR ORDER PRIMARY REFERENCES ROLLBACK ROWS SELECT SET SINGLE_USER TABLE TABLOCK TOP TRANSACTION ALL
  SUBSTRING
  THEN UNION UPDATE VALUES WHEN WHERE WITH INFORMATION_SCHEMA CHECK_CONSTRAINTS COLUMNS TABLE_CONSTRAINTS QUOTED_IDENTIFIER XACT_ABORT
  bigint datetime2 int max nvarchar uniqueidentifier varbinary varchar
  APPLOCK_TEST COALESCE CONCAT COUNT DATALENGTH DB_ID DB_NAME Latin1_General_100_BIN2 Latin1_General_BIN2 LEN LOWER MIN NEWID OBJECT_ID SCHEMA_NAME SUBSTRING SYSUTCDATETIME sp_getapplock
  a at changed dummy_column id k m n name one t0 t1 t2 v what
  `
    .trim()
    .toUpperCase()
    .split(/\s+/),
);

/** Blanks and comments; text; quoted names; variables; numbers; words; operators. */
const piece =
  /(?:\s|--[^\n]*(?:\n|$))+|N?'(?:[^']|'')*'|\[[^\]]+\]|"[^"]+"|(?<variable>@@?\w+)|\d+\b|(?<word>[A-Za-z_]\w*)|<>|[<>]=|[(),.;=<>*/-]/y;

/** Parameters of one request (Maximum capacity specifications for SQL Server), of which sp_executesql takes two. */
const maxParameters = 2100 - 2;

/** Refuses what SQL Server would refuse, and what nobody has looked at yet. */
export function checkPlain({ text, parameters }: Statement): void {
  if (parameters.length > maxParameters) throw new SqlError(8003, 'The incoming request has too many parameters.');
  if (/\bOFFSET\b/i.test(text) && !/\bORDER BY\b/i.test(text)) throw syntax('OFFSET');
  const declared = new Set(parameters.map(({ name }) => `@${name}`.toUpperCase()));
  for (const [, name = ''] of text.matchAll(/\bDECLARE\s+(@\w+)/gi)) declared.add(name.toUpperCase());
  // Those of a procedure, which stand before their values.
  for (const [, name = ''] of text.matchAll(/(@\w+) = (?:N'|-?\d)/g)) {
    if (text.includes('EXEC ')) declared.add(name.toUpperCase());
  }
  piece.lastIndex = 0;
  while (piece.lastIndex < text.length) {
    const at = piece.lastIndex;
    const { variable, word } = piece.exec(text)?.groups ?? stop(text.slice(at));
    if (word !== undefined && !words.has(word.toUpperCase())) throw syntax(word);
    if (
      variable !== undefined &&
      !/^@@(OPTIONS|ROWCOUNT|TRANCOUNT)$/.test(variable) &&
      !declared.has(variable.toUpperCase())
    ) {
      throw new SqlError(137, `Must declare the scalar variable "${variable}".`);
    }
  }
}

const syntax = (near: string): SqlError => new SqlError(102, `Incorrect syntax near '${near}'.`);

function stop(rest: string): never {
  throw syntax(rest.slice(0, 20));
}
