import { anyOf, either, literal, optional, type Pattern, repeat, sequence } from './pattern.ts'

/**
 * How much is looked through. Encoders nest: a JSON string within a JSON string doubles its backslashes, a URL within a
 * URL turns `%` into `%25`, a Go server writes the `&` of `&amp;` as `\u0026`. HTML and JavaScript allow leading zeros.
 */
interface Depth {
  /** 32 are six layers of JSON. */
  readonly backslashes: number
  /** Repetitions of `25` and of `amp;`, and leading zeros. */
  readonly padding: number
  /** How the marks of an escape (`\ % & # ;`) may be escaped themselves; null when they may not. */
  readonly marks: Depth | null
}

const once: Depth = { backslashes: 8, padding: 2, marks: null }
const nested: Depth = { backslashes: 32, padding: 8, marks: once }

const shorthands: Readonly<Record<string, string>> = {
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
}

const named = '&<>"\'\n\t!#$%()*+,./:;=?@[\\]^_`{|}'
const names =
  'amp lt gt quot apos NewLine Tab excl num dollar percnt lpar rpar ast plus comma period sol colon semi equals ' +
  'quest commat lsqb bsol rsqb Hat lowbar grave lcub vert rcub'
const entityNames = new Map(names.split(' ').map((name, index) => [named.charAt(index), name]))

/** Makes the pattern of every way to write one character: itself, or escaped for JSON, JavaScript, URLs or HTML. */
export function escaped(character: string): Pattern {
  return written(character, nested)
}

/** Makes the pattern of a character that is itself or escaped in one way only, for text that nobody escapes twice. */
export function escapedOnce(character: string): Pattern {
  return written(character, once)
}

function written(character: string, depth: Depth | null): Pattern {
  return either(itself(character, depth), disguised(character, depth))
}

function itself(character: string, depth: Depth | null): Pattern {
  return character === '\\' && depth ? backslashes(depth) : literal(character)
}

function disguised(character: string, depth: Depth | null): Pattern {
  if (!depth) return either()
  const space = character === ' ' ? [written('+', depth.marks)] : []
  return either(backslashed(character, depth), percented(character, depth), entity(character, depth), ...space)
}

/** `\n`, `\"`, `\u0067`, `\u{67}`, `\x67`, behind any number of backslashes. */
function backslashed(character: string, depth: Depth): Pattern {
  const point = character.codePointAt(0) ?? 0
  const short = shorthands[character] ?? (/^[^\\0-9a-zA-Z]$/.test(character) ? character : null)
  const zeros = repeat(literal('0'), 0, depth.padding)
  const [unit = '', second] = character.split('')
  const utf16 = (half: string) => sequence(literal('u'), hex(half.charCodeAt(0), 4))
  return sequence(
    backslashes(depth),
    either(
      // A character outside of the basic plane is two escapes, one for each surrogate.
      second === undefined ? utf16(unit) : sequence(utf16(unit), backslashes(depth), utf16(second)),
      sequence(literal('u{'), zeros, hex(point, 1), literal('}')),
      point < 0x100 ? sequence(literal('x'), hex(point, 2)) : either(),
      short === null ? either() : written(short, depth.marks),
    ),
  )
}

/** A run of backslashes; text that is JSON within JSON within a URL has runs of `%5C` instead. */
function backslashes(depth: Depth): Pattern {
  const percented5c = sequence(literal('%'), repeat(literal('25'), 0, 2), literal('5'), anyOf('cC'))
  return either(
    repeat(literal('\\'), 1, depth.backslashes),
    repeat(percented5c, 1, depth.backslashes / 4),
    disguised('\\', depth.marks),
  )
}

/** `%67`, `%2567`, `%252567`: each byte of the UTF-8 form. */
function percented(character: string, depth: Depth): Pattern {
  const percent = sequence(written('%', depth.marks), repeat(literal('25'), 0, depth.padding))
  return sequence(...[...Buffer.from(character)].map(byte => sequence(percent, hex(byte, 2))))
}

/** `&#103;`, `&#x67;`, `&amp;`, `&amp;#103;`; the last semicolon may be missing, as browsers allow. */
function entity(character: string, depth: Depth): Pattern {
  const point = character.codePointAt(0) ?? 0
  const ampersand = either(literal('amp;'), literal('#38;'), literal('#x26;'))
  const zeros = repeat(literal('0'), 0, depth.padding)
  const name = entityNames.get(character)
  return sequence(
    written('&', depth.marks),
    repeat(ampersand, 0, depth.padding),
    either(
      sequence(
        written('#', depth.marks),
        either(sequence(zeros, literal(String(point))), sequence(anyOf('xX'), zeros, hex(point, 1))),
      ),
      name === undefined ? either() : literal(name),
    ),
    optional(written(';', depth.marks)),
  )
}

function hex(value: number, digits: number): Pattern {
  const text = value.toString(16).padStart(digits, '0')
  return sequence(...text.split('').map(digit => anyOf(digit + digit.toUpperCase())))
}
