import type { AstNode, InTableExpr, Select } from 'sqlite3-parser'
import { noFunction } from '../denials.ts'
import { type Frame, refuseUnknownColumn, refuseUnknownPart } from './frames.ts'
import { safeFunctions } from './functions.ts'
import { fold } from './names.ts'
import { notOffered, partsOf } from './nodes.ts'
import type { Work } from './work.ts'

/** Judges an expression, or what is made of expressions alone, such as a window or an ORDER BY. */
export function expression(node: AstNode, frame: Frame, work: Work): void {
  work.deeper(() => expressionHere(node, frame, work))
}

/** Judges several. */
export function expressions(nodes: readonly AstNode[] | undefined, frame: Frame, work: Work): void {
  for (const node of nodes ?? []) expression(node, frame, work)
}

function expressionHere(node: AstNode, frame: Frame, work: Work): void {
  const parts = partsOf(node)
  switch (node.type) {
    case 'Id':
      return refuseUnknownColumn(node.name, frame, work.target)
    case 'QualifiedExpr':
      if (node.schema !== undefined) throw notOffered('a column with its schema; write table.column')
      return refuseUnknownPart(node.table.text, node.column.text, frame, work.target)
    case 'FunctionCallExpr':
    case 'FunctionCallStarExpr':
      refuseFunction(node.name.name, work)
      return expressions(parts, frame, work)
    case 'LikeExpr':
      // The others are functions that extensions or an FTS table bring along.
      if (node.op !== 'Like' && node.op !== 'Glob') refuseFunction(node.op, work)
      return expressions(parts, frame, work)
    case 'CollateExpr':
      if (!['binary', 'nocase', 'rtrim'].includes(fold(node.collation))) throw notOffered('such a collation')
      return expressions(parts, frame, work)
    case 'VariableExpr':
      if (work.relations === null) throw notOffered('a parameter')
      return
    case 'ExistsExpr':
    case 'SubqueryExpr':
      return subquery(node.select, frame, work)
    case 'InSelectExpr':
      expression(node.lhs, frame, work)
      return subquery(node.rhs, frame, work)
    case 'InTableExpr':
      return inTable(node, frame, work)
    case 'BetweenExpr':
    case 'BinaryExpr':
    case 'UnaryExpr':
    case 'ParenthesizedExpr':
    case 'CaseExpr':
    case 'WhenThen':
    case 'CastExpr':
    case 'Type':
    case 'MaxSizeTypeSize':
    case 'TypeSizeTypeSize':
    case 'IsNullExpr':
    case 'NotNullExpr':
    case 'InListExpr':
    case 'NumericLiteral':
    case 'StringLiteral':
    case 'BlobLiteral':
    case 'NullLiteral':
    case 'CurrentDateLiteral':
    case 'CurrentTimeLiteral':
    case 'CurrentTimestampLiteral':
    case 'SortListFunctionCallOrder':
    case 'FunctionTail':
    case 'WindowOver':
    case 'NameOver':
    case 'WindowDef':
    case 'Window':
    case 'FrameClause':
    case 'CurrentRowFrameBound':
    case 'FollowingFrameBound':
    case 'PrecedingFrameBound':
    case 'UnboundedFollowingFrameBound':
    case 'UnboundedPrecedingFrameBound':
    case 'SortedColumn':
    case 'Limit':
    case 'ValuesRow':
      return expressions(parts, frame, work)
    default:
      throw notOffered('a part of it')
  }
}

/**
 * Refuses a function that nobody has allowed.
 *
 * @throws OutOfScope
 */
function refuseFunction(name: string, { functions }: Work): void {
  const folded = fold(name)
  if (safeFunctions.has(folded) || functions.has(folded)) return
  throw noFunction(name, functions)
}

function subquery(node: Select, frame: Frame, work: Work): void {
  if (work.query === null) throw notOffered('a subquery there')
  work.query(node, frame, work)
}

/** `x IN orders` is `x IN (SELECT * FROM orders)`. */
function inTable(node: InTableExpr, frame: Frame, work: Work): void {
  partsOf(node.rhs)
  expression(node.lhs, frame, work)
  const { dbName, objName, alias } = node.rhs
  if (alias !== undefined) throw notOffered('an alias there')
  if (dbName === undefined && frame.ctes.has(fold(objName.text))) return
  if (work.relations === null || work.query === null) throw notOffered('a table there')
  const relation = work.relations.find(node.rhs)
  work.touch('read', relation)
  work.edits.replace(node.rhs, node.rhs, relation.select, node, relation.memberTree(node.lhs, node.not))
}
