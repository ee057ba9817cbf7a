/** A way to write a value down. */
export interface Encoding {
  readonly name: string
  readonly encode: (value: string) => string
}

const bytes = (value: string) => Buffer.from(value)
const reversed = (value: string) => Array.from(value).reverse().join('')
const escapedUnits = (value: string) =>
  value
    .split('')
    .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

/** The encodings of promise P1, written without anything that redaction is made of. */
export const encodings: readonly Encoding[] = [
  { name: 'plain', encode: value => value },
  { name: 'reversed', encode: reversed },
  ...[0, 1, 2].flatMap(offset => [
    { name: `base64 at ${offset}`, encode: (value: string) => base64Within(value, offset) },
    { name: `base64url at ${offset}`, encode: (value: string) => urlAlphabet(base64Within(value, offset)) },
  ]),
  { name: 'base64 of reversed', encode: value => base64Within(reversed(value), 0) },
  { name: 'hex', encode: value => bytes(value).toString('hex') },
  { name: 'hex in upper case', encode: value => bytes(value).toString('hex').toUpperCase() },
  { name: 'URL', encode: encodeURIComponent },
  {
    name: 'URL, every byte',
    encode: value =>
      bytes(value)
        .toString('hex')
        .replaceAll(/../g, pair => `%${pair}`),
  },
  { name: 'URL twice', encode: value => encodeURIComponent(encodeURIComponent(value)) },
  { name: 'form', encode: value => new URLSearchParams([['', value]]).toString().slice(1) },
  { name: 'JSON', encode: value => JSON.stringify(value).slice(1, -1) },
  { name: 'JSON, every unit', encode: escapedUnits },
  { name: 'HTML', encode: value => value.replaceAll(/[&<>"'+/=]/g, character => `&#${character.charCodeAt(0)};`) },
  {
    name: 'HTML, every character',
    encode: value => Array.from(value, each => `&#x${each.codePointAt(0)?.toString(16)};`).join(''),
  },
]

/** Finds out in which encodings a text holds a value. */
export function encodingsIn(text: string, value: string): readonly string[] {
  return encodings.filter(({ encode }) => text.includes(encode(value))).map(({ name }) => name)
}

/** The characters of base64 text that a value determines alone, when `offset` bytes precede it. */
function base64Within(value: string, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes(value)]).toString('base64')
  const whole = Math.floor(((offset + bytes(value).length) * 8) / 6)
  return text.slice(Math.ceil((offset * 8) / 6), whole)
}

function urlAlphabet(text: string): string {
  return text.replaceAll('+', '-').replaceAll('/', '_')
}
