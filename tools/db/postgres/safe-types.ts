/**
 * Types that a value may be cast to. None that looks something up in the catalogue when it reads a text (`regclass` and
 * its like tell what exists), none that reads files or runs queries (`xml` fetches entities), none of a user.
 */
export const safeTypes: ReadonlySet<string> = new Set(
  `bool int2 int4 int8 float4 float8 numeric money text varchar bpchar char name bytea uuid json jsonb jsonpath
   date time timetz timestamp timestamptz interval bit varbit inet cidr macaddr macaddr8
   point line lseg box path polygon circle tsvector tsquery
   int4range int8range numrange tsrange tstzrange daterange
   int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange`.split(/\s+/),
)
