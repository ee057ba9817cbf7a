/*
 * What a program of SQLite 3.53 may consist of, by what an opcode can disclose. Anything that is not listed here is
 * refused: what changes the schema, settings, transactions or files, and what a later SQLite may add.
 */

/** Opcodes that touch registers, temporary tables and the flow of the program only, or a cursor without saying what it holds. */
export const harmless: ReadonlySet<string> = new Set(
  (
    'Goto Gosub Return InitCoroutine EndCoroutine Yield Halt HaltIfNull BeginSubrtn Integer Int64 Real String8 String Null ' +
    'SoftNull Blob Variable Move Copy SCopy IntCopy FkCheck ResultRow Concat Add Subtract Multiply Divide Remainder CollSeq ' +
    'BitAnd BitOr ShiftLeft ShiftRight AddImm MustBeInt RealAffinity Cast Eq Ne Lt Le Gt Ge ElseEq Permutation Compare Jump ' +
    'And Or IsTrue Not BitNot Once If IfNot IsNull ZeroOrNull NotNull IfNullRow Affinity TypeCheck MakeRecord Count Close ' +
    'SorterCompare SorterData SorterInsert SorterSort SorterNext Sort ResetSorter NullRow SeekEnd Last Rewind IfEmpty ' +
    'IfSizeBetween Prev Next DeferredSeek FinishSeek SeekScan SeekHit IfNotOpen Sequence SequenceTest NewRowid ' +
    'ColumnsUsed RowSetAdd RowSetRead RowSetTest Program Param FkCounter FkIfZero MemMax IfPos OffsetLimit IfNotZero ' +
    'DecrJumpZero AggInverse AggStep AggStep1 AggValue AggFinal ResetCount CursorLock CursorUnlock Function PureFunc Filter ' +
    'FilterAdd ClrSubtype GetSubtype SetSubtype Trace Init Noop ReleaseReg Explain VFilter VColumn VNext VInitIn'
  ).split(' '),
)

/** Opcodes that begin a cursor which holds nothing but what the program itself puts into it. */
export const opensOwn: ReadonlySet<string> = new Set([
  'OpenEphemeral',
  'OpenAutoindex',
  'OpenPseudo',
  'OpenDup',
  'SorterOpen',
])

/** Opcodes that begin a cursor on a b-tree of the file: P2 is its page, P3 the database. */
export const opensTree: ReadonlySet<string> = new Set(['OpenRead', 'ReopenIdx', 'OpenWrite'])

/** Opcodes that compare the first P4 fields of the cursor, all of its key if there is no P4. */
export const seeks: ReadonlySet<string> = new Set(
  'SeekGE SeekGT SeekLE SeekLT IdxGE IdxGT IdxLE IdxLT Found NotFound NoConflict IfNoHope'.split(' '),
)

/** Opcodes that compare, or give, the rowid of a cursor. */
export const findsRowid: ReadonlySet<string> = new Set(['SeekRowid', 'NotExists'])
export const givesRowid: ReadonlySet<string> = new Set(['Rowid', 'IdxRowid'])

/** Opcodes that give a whole row. */
export const givesRow: ReadonlySet<string> = new Set(['RowData', 'RowCell'])

/** Opcodes that give, or tell the type of, field P2 (P3 for `IsType`) of a cursor. */
export const givesField: ReadonlySet<string> = new Set(['Column', 'IsType'])

/** Opcodes that change what the cursor is on. */
export const changes: ReadonlySet<string> = new Set(['Insert', 'Delete', 'IdxInsert', 'IdxDelete'])
