import { Refusal } from '../../../src/refusal.ts'
import type { SqlError } from '../answer.ts'
import type { SqlFailure } from './sql-failure.ts'

/** What the server's numbers mean, in fixed sentences: its own words quote data. */
const sentences: Readonly<Record<number, string>> = {
  1022: 'A row with the same key exists.',
  1048: 'A column that needs a value was given none.',
  1052: 'The name of a column is ambiguous; qualify it with its table.',
  1054: 'There is no such column.',
  1055: 'A column is neither grouped by nor aggregated.',
  1056: 'A column cannot be grouped by.',
  1060: 'Two columns have the same name.',
  1062: 'A row with the same key exists.',
  1064: 'The statement is not valid SQL here.',
  1066: 'Two tables have the same name; give them aliases.',
  1103: 'The name of a table is not valid.',
  1109: 'There is no such table in the statement.',
  1110: 'A column is given twice.',
  1111: 'An aggregate function stands where none may.',
  1114: 'A table is full.',
  1115: 'There is no such character set.',
  1136: 'The number of values is not that of the columns.',
  1137: 'A temporary table is used twice.',
  1140: 'Aggregated and plain columns are mixed without GROUP BY.',
  1146: 'There is no such table.',
  1149: 'The statement is not valid SQL here.',
  1153: 'A value is larger than the server takes.',
  1205: 'A lock was not given in time; another transaction holds it. Try again.',
  1210: 'A function or the statement was given wrong arguments.',
  1213: 'The transaction was ended to resolve a deadlock. Try again.',
  1216: 'A foreign key points to no row.',
  1217: 'Other rows point to this one by a foreign key.',
  1222: 'The parts of a UNION have different numbers of columns.',
  1235: 'The server does not support this.',
  1241: 'A subquery or a value has the wrong number of columns.',
  1242: 'A subquery that stands for one value gave more than one row.',
  1247: 'A reference cannot be used here.',
  1248: 'A derived table needs an alias.',
  1253: 'A collation does not fit its character set.',
  1264: 'A number is out of the range of its column.',
  1265: 'A value does not fit its column.',
  1267: 'Two texts have collations that cannot be compared.',
  1270: 'Texts have collations that cannot be compared.',
  1271: 'Texts have collations that cannot be compared.',
  1272: 'A collation cannot be used here.',
  1290: 'The server is read-only.',
  1292: 'A value has the wrong form for its type.',
  1295: 'This statement cannot be prepared, so it is not carried out.',
  1300: 'A text is not valid in its character set.',
  1305: 'There is no such function.',
  1317: 'The statement was ended at the server.',
  1318: 'A function was given the wrong number of arguments.',
  1356: 'A view cannot be used by this tool.',
  1364: 'A column without a default was given no value.',
  1365: 'Division by zero.',
  1366: 'A value has the wrong form for its column.',
  1390: 'The statement has too many parameters.',
  1406: 'A value is too long for its column.',
  1411: 'A value has the wrong form for a function.',
  1436: 'The statement needs more of the stack than the server gives.',
  1441: 'A date is out of range.',
  1451: 'Other rows point to this one by a foreign key.',
  1452: 'A foreign key points to no row.',
  1525: 'A value has the wrong form for its type.',
  1526: 'There is no partition for the value.',
  1557: 'A foreign key does not allow this.',
  1568: 'The transaction cannot be changed now.',
  1582: 'A function was given the wrong number of arguments.',
  1583: 'A function was given wrong parameters.',
  1630: 'There is no such function.',
  1690: 'A number is out of range.',
  1792: 'This tool reads only.',
  1836: 'The server is read-only.',
  3140: 'A text is not valid JSON.',
  3141: 'A text is not valid JSON.',
  3143: 'A JSON path is not valid.',
  3144: 'A text cannot be made JSON of.',
  3572: 'A lock is held by another transaction.',
  3636: 'A recursion goes deeper than the server takes.',
  3685: 'A regular expression is not valid.',
  3819: 'A check constraint does not allow this.',
  4025: 'A check constraint does not allow this.',
  4038: 'A JSON text or path is not valid.',
  4042: 'A JSON path is not valid.',
}

const denied: ReadonlySet<number> = new Set([
  1044, 1045, 1095, 1142, 1143, 1211, 1227, 1345, 1370, 1396, 1410, 1419, 1449,
])
const deniedSentence = 'The role of this tool may not do this at the database.'

/** Statements that took too long at the server itself. */
const late: ReadonlySet<number> = new Set([1969, 3024])

/** Errors that end the session, or come of its end. */
const ended: ReadonlySet<number> = new Set([
  1053, 1077, 1078, 1079, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031,
])

/** Errors whose quoted words are names from the statement. */
const namesName: ReadonlySet<number> = new Set([1052, 1054, 1055, 1060, 1066, 1109, 1110, 1146, 1247, 1305, 1630])

/** Whether the session is over, although the server had something to say at its end. */
export function endsSession({ errno }: SqlFailure): boolean {
  return ended.has(errno)
}

/**
 * Says in our words why the server refused a statement.
 *
 * @param text the statement; a name is repeated only if it stands in it
 * @throws Refusal when it is no answer to the statement, but that there is none
 */
export function sqlErrorOf(failure: SqlFailure, text: string): SqlError {
  const { errno, sqlState } = failure
  if (late.has(errno))
    throw new Refusal('target_timeout', `the server ended the statement at its time limit (${errno})`)
  const code = sqlState === null || sqlState === 'HY000' ? String(errno) : sqlState
  const message = denied.has(errno)
    ? deniedSentence
    : (sentences[errno] ?? `The database refused the statement (error ${errno}).`)
  const near = namesName.has(errno)
    ? failure
        .quoted()
        .map(word => nameIn(text, word))
        .find(found => found !== null)
    : null
  return { code, message, ...(near === null || near === undefined ? {} : { near }) }
}

const name = /^[\p{L}_$][\p{L}\p{N}_$]{0,63}$/u

/** The last part of a name that the server gives, if it is a name and stands as a word outside of strings in the statement. */
function nameIn(text: string, quoted: string): string | null {
  const last = quoted.split('.').at(-1) ?? ''
  if (!name.test(last)) return null
  const outside = text.replaceAll(/'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"/gs, ' ')
  const words = new Set<string>(outside.match(/[\p{L}\p{N}_$]+/gu))
  return words.has(last) ? last : null
}
