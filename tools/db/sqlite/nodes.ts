import type { AstNode, AstNodeMap } from 'sqlite3-parser'
import { invalidInput } from '../../../src/refusal.ts'

/** What a kind of node holds: other nodes, in the order of the text, and plain values. */
interface Shape {
  readonly parts: readonly string[]
  readonly values: readonly string[]
}

/** Every kind of node that there is for an agent, with every field that it may have. */
const shapes: { readonly [Kind in keyof AstNodeMap]?: Shape } = {
  SelectStmt: shape('body'),
  InsertStmt: shape('with tblName body returning', 'orConflict columns'),
  UpdateStmt: shape('with tblName sets from whereClause returning'),
  DeleteStmt: shape('with tblName whereClause returning'),
  SelectInsertBody: shape('select upsert'),
  DefaultValuesInsertBody: shape(''),
  SetAssignment: shape('expr', 'colNames'),
  Upsert: shape('index doClause next'),
  UpsertIndex: shape('targets whereClause'),
  SetUpsertDo: shape('sets whereClause'),
  NothingUpsertDo: shape(''),

  Select: shape('with select compounds orderBy limit'),
  CompoundSelect: shape('select', 'operator'),
  SelectFrom: shape('columns from whereClause groupBy having windowClause', 'distinctness'),
  SelectValues: shape('values'),
  ValuesRow: shape('values'),
  With: shape('ctes', 'recursive'),
  CommonTableExpr: shape('select', 'tblName columns materialized'),
  IndexedColumn: shape('', 'colName'),
  ExprResultColumn: shape('expr', 'alias'),
  StarResultColumn: shape(''),
  TableStarResultColumn: shape('', 'table'),
  FromClause: shape('select joins'),
  JoinedSelectTable: shape('operator table constraint'),
  TableSelectTable: shape('tblName', 'alias'),
  TableCallSelectTable: shape('tblName args', 'alias'),
  SelectSelectTable: shape('select', 'alias'),
  SubSelectTable: shape('from', 'alias'),
  CommaJoinOperator: shape(''),
  TypedJoinJoinOperator: shape('', 'joinType'),
  OnJoinConstraint: shape('expr'),
  UsingJoinConstraint: shape('', 'columns'),
  QualifiedName: shape('', 'dbName objName alias'),
  SortedColumn: shape('expr', 'order nulls'),
  Limit: shape('expr offset'),
  WindowDef: shape('window', 'name'),

  Id: shape('', 'name'),
  QualifiedExpr: shape('', 'schema table column'),
  VariableExpr: shape('', 'name'),
  NumericLiteral: shape('', 'value'),
  StringLiteral: shape('', 'value'),
  BlobLiteral: shape('', 'bytes'),
  NullLiteral: shape(''),
  CurrentDateLiteral: shape(''),
  CurrentTimeLiteral: shape(''),
  CurrentTimestampLiteral: shape(''),
  BetweenExpr: shape('lhs start end', 'not'),
  BinaryExpr: shape('left right', 'op'),
  UnaryExpr: shape('expr', 'op'),
  ParenthesizedExpr: shape('exprs'),
  CaseExpr: shape('base whenThenPairs elseExpr'),
  WhenThen: shape('when then'),
  CastExpr: shape('expr typeName'),
  Type: shape('size', 'name'),
  MaxSizeTypeSize: shape('size'),
  TypeSizeTypeSize: shape('size1 size2'),
  CollateExpr: shape('expr', 'collation'),
  IsNullExpr: shape('expr'),
  NotNullExpr: shape('expr'),
  LikeExpr: shape('lhs rhs escape', 'not op'),
  InListExpr: shape('lhs rhs', 'not'),
  InSelectExpr: shape('lhs rhs', 'not'),
  InTableExpr: shape('lhs rhs', 'not'),
  ExistsExpr: shape('select'),
  SubqueryExpr: shape('select'),
  FunctionCallExpr: shape('args orderBy filterOver', 'name distinctness'),
  FunctionCallStarExpr: shape('filterOver', 'name'),
  SortListFunctionCallOrder: shape('columns'),
  FunctionTail: shape('filterClause overClause'),
  WindowOver: shape('window'),
  NameOver: shape('', 'name'),
  Window: shape('partitionBy orderBy frameClause', 'base'),
  FrameClause: shape('start end', 'mode exclude'),
  CurrentRowFrameBound: shape(''),
  FollowingFrameBound: shape('expr'),
  PrecedingFrameBound: shape('expr'),
  UnboundedFollowingFrameBound: shape(''),
  UnboundedPrecedingFrameBound: shape(''),
}

/** What every node has, and what says nothing. */
const always = new Set(['type', 'span'])

/**
 * Gives the nodes within a node when all of it is known: a kind or a field that nobody has listed is not allowed.
 *
 * @throws Refusal `invalid_input`
 */
export function partsOf(node: AstNode): readonly AstNode[] {
  const known = Object.hasOwn(shapes, node.type) ? shapes[node.type] : undefined
  if (known === undefined) throw notOffered(wordsOf(node.type))
  const fields = node as unknown as Readonly<Record<string, unknown>>
  for (const [name, value] of Object.entries(fields)) {
    const isKnown = always.has(name) || known.parts.includes(name) || known.values.includes(name)
    if (!isKnown && value !== undefined) throw notOffered(wordsOf(name))
  }
  return known.parts.flatMap(name => (fields[name] ?? []) as AstNode | readonly AstNode[])
}

/** What is refused since nobody has said that it is harmless. */
export function notOffered(what: string) {
  return invalidInput(`sql: not available here: ${what}`)
}

function shape(parts: string, values = ''): Shape {
  return { parts: parts.split(' '), values: values.split(' ') }
}

/** `IndexedByIndexed`, a name of the parser's, in words. */
function wordsOf(name: string): string {
  const words = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
  return words.replace(/ (?:expr|stmt|clause)$/, '')
}
