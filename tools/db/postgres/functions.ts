/**
 * Built-in functions that any statement may call. They only compute from what they are given: none runs SQL that it gets
 * as a text (`query_to_xml`, `ts_stat`), reads or changes settings, sequences, locks, files, large objects or the
 * catalogue (also `pg_typeof`, since a text compared with its result is looked up as the name of a type), waits, or says
 * something about the server, the session or the role. They are sent as `pg_catalog.name`, so nothing can take their place.
 */
export const safeFunctions: ReadonlySet<string> = new Set(
  `
  abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt ceil ceiling cos cosd cosh cot cotd degrees div
  erf erfc exp factorial floor gcd lcm ln log log10 min_scale mod pi power radians random round scale sign sin sind sinh
  sqrt tan tand tanh trim_scale trunc width_bucket to_char to_number to_date to_timestamp

  ascii bit_length btrim char_length character_length chr concat concat_ws format initcap left length lower lpad ltrim md5
  normalize is_normalized octet_length overlay position quote_ident quote_literal quote_nullable regexp_count regexp_instr
  regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat
  replace reverse right rpad rtrim split_part starts_with string_to_array string_to_table strpos substr substring to_hex
  to_bin to_oct translate unistr upper casefold like_escape similar_to_escape
  bit_count convert convert_from convert_to decode encode get_bit get_byte set_bit set_byte sha224 sha256 sha384 sha512
  crc32 crc32c

  age clock_timestamp date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days justify_hours
  justify_interval make_date make_interval make_time make_timestamp make_timestamptz now overlaps statement_timestamp
  timezone transaction_timestamp

  array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_positions
  array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort array_to_string array_upper
  cardinality trim_array unnest generate_series generate_subscripts

  array_to_json json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each
  json_each_text json_extract_path json_extract_path_text json_object json_object_keys json_strip_nulls json_to_record
  json_to_recordset json_typeof row_to_json to_json to_jsonb jsonb_array_elements jsonb_array_elements_text
  jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
  jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz
  jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz
  jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_pretty jsonb_set jsonb_set_lax
  jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof

  any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or count every json_agg json_object_agg jsonb_agg
  jsonb_object_agg max min range_agg range_intersect_agg string_agg sum corr covar_pop covar_samp regr_avgx regr_avgy
  regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp variance var_pop
  var_samp mode percentile_cont percentile_disc rank dense_rank percent_rank cume_dist row_number ntile lag lead
  first_value last_value nth_value

  gen_random_uuid uuidv4 uuidv7 uuid_extract_timestamp uuid_extract_version num_nonnulls num_nulls

  int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange nummultirange tsmultirange
  tstzmultirange datemultirange isempty lower_inc lower_inf upper_inc upper_inf range_merge multirange

  area center diagonal diameter height isclosed isopen npoints pclose popen radius slope width box circle line lseg path
  point polygon

  abbrev broadcast family host hostmask inet_merge inet_same_family masklen netmask network set_masklen macaddr8_set7bit

  array_to_tsvector numnode plainto_tsquery phraseto_tsquery querytree setweight strip to_tsquery to_tsvector ts_delete
  ts_filter ts_headline ts_rank ts_rank_cd tsquery_phrase tsvector_to_array websearch_to_tsquery
  `
    .trim()
    .split(/\s+/),
)

/** Those whose columns are known when they stand in FROM: one, called like the function or its alias. */
export const oneColumnFunctions: ReadonlySet<string> = new Set(
  `generate_series generate_subscripts unnest regexp_split_to_table string_to_table regexp_matches
   json_array_elements jsonb_array_elements json_array_elements_text jsonb_array_elements_text json_object_keys
   jsonb_object_keys jsonb_path_query`.split(/\s+/),
)
