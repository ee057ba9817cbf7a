/**
 * The built-in functions that anybody may call, by their names in lower case: they compute, and do nothing else. Not among
 * them: what loads code, reads or writes files, tells of the build, the session or where a row lies, and zeroblob, which is
 * of use for nothing but size. The operators LIKE, GLOB, -> and ->> and the words CURRENT_... are functions to the engine.
 */
export const safeFunctions: ReadonlySet<string> = new Set(
  [
    // Not median and percentile: they keep every value that they are given, and nothing caps that memory.
    'avg count group_concat max min string_agg sum total',
    'cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number',
    'char concat concat_ws format glob hex instr length like lower ltrim octet_length printf quote replace rtrim',
    'substr substring trim unhex unicode unistr unistr_quote upper',
    'abs acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power',
    'radians random randomblob round sign sin sinh sqrt tan tanh trunc',
    'coalesce if ifnull iif likelihood likely nullif typeof unlikely',
    'current_date current_time current_timestamp date datetime julianday strftime time timediff unixepoch',
    'json json_array json_array_insert json_array_length json_error_position json_extract json_group_array',
    'json_group_object json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set json_type',
    'json_valid jsonb jsonb_array jsonb_array_insert jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert',
    'jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set -> ->>',
  ]
    .join(' ')
    .split(' '),
)

/** The functions that may stand where a table can, with the columns that each gives. */
export const tableFunctions: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  ['json_each', 'json_tree', 'jsonb_each', 'jsonb_tree'].map(name => [name, jsonColumns()]),
)

function jsonColumns(): ReadonlySet<string> {
  return new Set('key value type atom id parent fullkey path json root'.split(' '))
}
