import type { Json } from '../../../src/kind.ts'
import { type Caps, RowSet } from '../row-set.ts'
import type { Field } from './session.ts'
import type { TypeNames } from './type-names.ts'
import { showerOf } from './values.ts'

type RawRow = readonly (string | null)[]

/** Collects the rows of one statement as they arrive. */
export class Collected {
  readonly #types: TypeNames
  readonly #caps: Caps & { readonly maxValue: number }
  readonly #full = Promise.withResolvers<void>()
  #fields: readonly Field[] = []
  /** Rows that wait until it is known what their types are. */
  readonly #raw: RawRow[] = []
  #rows: RowSet | null = null
  #showers: readonly ((text: string) => Json)[] = []

  constructor(types: TypeNames, caps: Caps & { readonly maxValue: number }) {
    this.#types = types
    this.#caps = caps
  }

  /** Resolves when no further row has a place. */
  get full(): Promise<void> {
    return this.#full.promise
  }

  /** Types that have to be looked up before there is a result. */
  get unknown(): readonly number[] {
    const unknown = this.#fields.map(({ dataTypeID }) => dataTypeID).filter(oid => this.#types.get(oid) === undefined)
    return [...new Set(unknown)]
  }

  fields(fields: readonly Field[]): void {
    this.#fields = fields
    if (this.unknown.length === 0) this.#begin()
  }

  row(values: RawRow): void {
    if (this.#rows === null) this.#raw.push(values)
    else this.#push(this.#rows, values)
  }

  /** Gives the result; a type that nobody looked up has its number for a name. */
  end(): RowSet {
    const rows = this.#rows ?? this.#begin()
    for (const values of this.#raw.splice(0)) this.#push(rows, values)
    return rows
  }

  #begin(): RowSet {
    const types = this.#fields.map(
      ({ dataTypeID: oid }) => this.#types.get(oid) ?? { name: `oid:${oid}`, element: null },
    )
    const columns = this.#fields.map(({ name }, index) => ({ name, type: types[index]?.name ?? '' }))
    const rows = new RowSet(columns, this.#caps)
    const showing = { maxBytes: this.#caps.maxValue, onCut: () => rows.cutValue() }
    this.#showers = types.map(type =>
      showerOf(type, type.element === null ? null : (this.#types.get(type.element) ?? null), showing),
    )
    this.#rows = rows
    return rows
  }

  #push(rows: RowSet, values: RawRow): void {
    const row = values.map((text, index) => (text === null ? null : (this.#showers[index]?.(text) ?? null)))
    if (!rows.push(row)) this.#full.resolve()
  }
}
