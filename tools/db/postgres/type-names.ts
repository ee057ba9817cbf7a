/** What is known of a type at the server. */
export interface PgType {
  /** As PostgreSQL's catalogue has it, but an array as `int4[]`. */
  readonly name: string
  /** The OID of what it is an array of; null when it is none. */
  readonly element: number | null
}

/** The types that every server has, by OID: they have been the same for as long as there are OIDs (`pg_type.dat`). */
const builtIn: Readonly<Record<string, number>> = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  oid: 26,
  json: 114,
  xml: 142,
  point: 600,
  box: 603,
  polygon: 604,
  cidr: 650,
  float4: 700,
  float8: 701,
  unknown: 705,
  circle: 718,
  macaddr: 829,
  money: 790,
  inet: 869,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  record: 2249,
  void: 2278,
  uuid: 2950,
  tsvector: 3614,
  tsquery: 3615,
  jsonb: 3802,
  int4range: 3904,
  numrange: 3906,
  tsrange: 3908,
  tstzrange: 3910,
  daterange: 3912,
  int8range: 3926,
}

const arrays: Readonly<Record<string, number>> = {
  json: 199,
  bool: 1000,
  bytea: 1001,
  char: 1002,
  name: 1003,
  int2: 1005,
  int4: 1007,
  text: 1009,
  bpchar: 1014,
  varchar: 1015,
  int8: 1016,
  float4: 1021,
  float8: 1022,
  oid: 1028,
  inet: 1041,
  timestamp: 1115,
  date: 1182,
  time: 1183,
  timestamptz: 1185,
  interval: 1187,
  numeric: 1231,
  timetz: 1270,
  cidr: 651,
  money: 791,
  record: 2287,
  uuid: 2951,
  jsonb: 3807,
}

const known: ReadonlyMap<number, PgType> = new Map([
  ...Object.entries(builtIn).map(([name, oid]): [number, PgType] => [oid, { name, element: null }]),
  ...Object.entries(arrays).map(([name, oid]): [number, PgType] => [
    oid,
    { name: `${name}[]`, element: builtIn[name] as number },
  ]),
])

/** The SQL that says what types are, for a list of OIDs: name, and what it is an array of. */
export const typesQuery = `SELECT t.oid::pg_catalog.text, CASE WHEN e.oid IS NULL THEN t.typname::pg_catalog.text ELSE pg_catalog.concat(e.typname, '[]') END,
  e.oid::pg_catalog.text
FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.typarray OPERATOR(pg_catalog.=) t.oid
WHERE t.oid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])`

/** The types of one server, as far as they have been met. */
export class TypeNames {
  readonly #met = new Map<number, PgType>()

  get(oid: number): PgType | undefined {
    return known.get(oid) ?? this.#met.get(oid)
  }

  /** Keeps what `typesQuery` gave; what it did not find has no name but its number. */
  learn(asked: readonly number[], rows: readonly (readonly (string | null)[])[]): void {
    for (const oid of asked) {
      const row = rows.find(([text]) => Number(text) === oid)
      const element = row?.[2] ?? null
      this.#met.set(oid, { name: row?.[1] ?? `oid:${oid}`, element: element === null ? null : Number(element) })
    }
  }
}
