/**
 * The built-in functions that anybody may call, by their names in lower case: they compute, and do nothing else. Not among
 * them: what sleeps, locks, reads files, tells of users, sessions, settings or versions, encrypts, or takes XML apart (whose
 * errors quote their arguments).
 */
export const safeFunctions: ReadonlySet<string> = new Set(
  [
    'any_value avg bit_and bit_or bit_xor count group_concat grouping json_arrayagg json_objectagg max min std stddev',
    'stddev_pop stddev_samp sum var_pop var_samp variance',
    'cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number',
    'ascii bin bit_count bit_length char char_length character_length concat concat_ws elt export_set field find_in_set',
    'format from_base64 hex insert instr lcase left length locate lower lpad ltrim make_set mid oct octet_length ord',
    'quote regexp_instr regexp_like regexp_replace regexp_substr repeat replace reverse right rpad rtrim soundex space',
    'strcmp substring_index to_base64 ucase unhex upper weight_string',
    'abs acos asin atan atan2 ceiling conv cos cot crc32 degrees exp greatest least ln log log10 log2 mod pi pow power',
    'radians rand round sign sin sqrt tan truncate',
    'coalesce if ifnull interval isnull nullif row',
    'adddate addtime convert_tz curdate current_date current_time current_timestamp curtime date date_add date_format',
    'date_sub datediff day dayname dayofmonth dayofweek dayofyear from_days from_unixtime hour last_day localtime',
    'localtimestamp makedate maketime microsecond minute month monthname now period_add period_diff quarter sec_to_time',
    'second str_to_date subdate subtime sysdate time time_format time_to_sec timediff timestamp timestampadd',
    'timestampdiff to_days to_seconds unix_timestamp utc_date utc_time utc_timestamp week weekday weekofyear year yearweek',
    'json_array json_array_append json_array_insert json_compact json_contains json_contains_path json_depth json_detailed',
    'json_exists json_extract json_insert json_keys json_length json_merge_patch json_merge_preserve json_object',
    'json_overlaps json_pretty json_query json_quote json_remove json_replace json_search json_set json_type json_unquote',
    'json_valid json_value',
    'inet6_aton inet6_ntoa inet_aton inet_ntoa is_ipv4 is_ipv6 md5 sha sha1 sha2',
  ]
    .join(' ')
    .split(' '),
)

/** Functions that the servers call without parentheses too. */
export const bareFunctions: ReadonlySet<string> = new Set(
  'current_date current_time current_timestamp localtime localtimestamp'.split(' '),
)

/** Functions whose first argument is a unit of time. */
export const unitFunctions: ReadonlySet<string> = new Set(['timestampadd', 'timestampdiff'])

export const units: ReadonlySet<string> = new Set(
  'microsecond second minute hour day week month quarter year'.split(' '),
)
