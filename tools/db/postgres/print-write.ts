import type { Print } from './print.ts'
import { clause, joined, known, resultList, tableText, withText } from './print-parts.ts'
import { fromList } from './print-query.ts'
import { quoteName } from './quote.ts'
import { type Fields, list, openAs, text } from './tree.ts'

/** Writes INSERT, UPDATE or DELETE. */
export function printWrite(print: Print, kind: string, fields: Fields): string {
  const table = tableText(fields.relation as Fields)
  const returning = clause('RETURNING', resultList(print, (fields.returningClause as Fields | undefined)?.exprs))
  const where = whereText(print, fields)
  const parts = {
    InsertStmt: () => ['INSERT INTO', table, insertText(print, fields), conflictText(print, fields)],
    UpdateStmt: () => {
      const from = clause('FROM', fromList(print, fields.fromClause))
      return ['UPDATE', table, `SET ${assignments(print, fields.targetList)}`, from, where]
    },
    DeleteStmt: () => ['DELETE FROM', table, clause('USING', fromList(print, fields.usingClause)), where],
  }
  return joined(withText(print, fields.withClause), ...parts[kind as keyof typeof parts](), returning)
}

function insertText(print: Print, { cols, selectStmt }: Fields): string {
  if (selectStmt === undefined) return 'DEFAULT VALUES'
  const columns = list(cols).map(item => quoteName(text(openAs(item, 'ResTarget').name)))
  const names = columns.length === 0 ? '' : `(${columns.join(', ')})`
  return joined(names, print.query(openAs(selectStmt, 'SelectStmt')))
}

function assignments(print: Print, items: unknown): string {
  return list(items)
    .map(item => {
      const { name, val } = openAs(item, 'ResTarget')
      return `${quoteName(text(name))} = ${print.expression(val)}`
    })
    .join(', ')
}

function conflictText(print: Print, { onConflictClause: found }: Fields): string {
  if (found === undefined) return ''
  const conflict = found as Fields
  const action = known({ ONCONFLICT_NOTHING: 'DO NOTHING', ONCONFLICT_UPDATE: 'DO UPDATE SET' }, conflict.action)
  const change = joined(action, assignments(print, conflict.targetList), whereText(print, conflict))
  return joined('ON CONFLICT', inferText(print, conflict.infer as Fields | undefined), change)
}

function inferText(print: Print, infer: Fields | undefined): string {
  if (infer === undefined) return ''
  const columns = list(infer.indexElems).map(item => quoteName(text(openAs(item, 'IndexElem').name)))
  return joined(`(${columns.join(', ')})`, whereText(print, infer))
}

function whereText(print: Print, { whereClause }: Fields): string {
  return whereClause === undefined ? '' : `WHERE ${print.expression(whereClause)}`
}
