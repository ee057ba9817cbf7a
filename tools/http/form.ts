import type { Json, JsonObject } from '../../src/kind.ts'
import { invalidInput } from '../../src/refusal.ts'
import { normalParameter } from './reserved.ts'

/** Servers drop what is nested deeper (PHP 64, Rack 32) without a word. */
const maxDepth = 16

/** PHP (`max_input_vars`) and qs (`parameterLimit`) drop what follows after so many fields without a word. */
const maxFields = 1_000

/**
 * Writes a JSON object as application/x-www-form-urlencoded in bracket style: `a[b]=v` for a member, `a[]=x` for the
 * items of a list of plain values, `a[0][b]=v` as soon as a list holds an object or a list. Stripe documents the same,
 * PHP reads both as arrays, Rack reads `a[]` as an array and `a[0]` as a hash with the key `0`, which Rails takes for a list.
 * Numbers and booleans go out as text, null as an empty value. What a form cannot say without a server reading another
 * structure than the one that was judged is refused: ambiguous keys, empty objects and lists, too many fields.
 *
 * @throws Refusal `invalid_input`
 */
export function encodeForm(value: JsonObject): string {
  refuseCollisions(Object.keys(value))
  const form = new URLSearchParams()
  for (const [key, inner] of Object.entries(value)) append(form, checkedKey(key), inner, 0)
  return form.toString()
}

function append(form: URLSearchParams, name: string, value: Json, depth: number): void {
  if (depth > maxDepth) throw invalidInput(`body: a form is nested at most ${maxDepth} levels deep`)
  if (value === null || typeof value !== 'object') {
    form.append(name, textOf(value))
    if (form.size > maxFields) throw invalidInput(`body: a form has at most ${maxFields} fields`)
    return
  }
  const entries = Array.isArray(value) ? itemsOf(value) : membersOf(value as JsonObject)
  for (const [key, inner] of entries) append(form, `${name}[${key}]`, inner, depth + 1)
}

function itemsOf(list: readonly Json[]): readonly (readonly [string, Json])[] {
  if (list.length === 0) throw invalidInput('body: a form cannot carry an empty list; leave it out')
  // `a[][b]=1&a[][c]=2` is one item to Rack and two to PHP: only plain values go without an index.
  const plain = list.every(item => item === null || typeof item !== 'object')
  return list.map((item, index) => [plain ? '' : String(index), item])
}

function membersOf(object: JsonObject): readonly (readonly [string, Json])[] {
  const entries = Object.entries(object)
  if (entries.length === 0) throw invalidInput('body: a form cannot carry an empty object; leave it out')
  if (entries.every(([key]) => /^\d+$/.test(key))) {
    throw invalidInput('body: in a form, an object that has only numbers as keys would be read as a list')
  }
  return entries.map(([key, inner]) => [checkedKey(key), inner])
}

function checkedKey(key: string): string {
  // An empty key inside of brackets is "append"; PHP cuts at NUL; brackets would add a level of their own.
  if (key.trim() !== key || key === '' || !key.isWellFormed() || /[[\]\p{Cc}]/u.test(key)) {
    throw invalidInput('body: a form key must not be empty, have [ ] or control characters, or white space around it')
  }
  return key
}

/** `a.b` and `a b` are `a_b` to PHP, `A` is `a` to ASP.NET: the last one wins there, whatever was judged. */
function refuseCollisions(keys: readonly string[]): void {
  if (new Set(keys.map(normalParameter)).size === keys.length) return
  throw invalidInput('body: two form keys differ only in case or punctuation, so that a server may read them as one')
}

function textOf(value: null | boolean | number | string): string {
  if (value === null) return ''
  // JSON.parse reads 1e999 as Infinity; half a surrogate pair would go out as another character.
  if (typeof value === 'number' && !Number.isFinite(value)) throw invalidInput('body: a number is too large')
  if (typeof value === 'string' && !value.isWellFormed()) throw invalidInput('body: a string is not valid Unicode')
  return String(value)
}
