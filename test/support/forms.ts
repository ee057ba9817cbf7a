/*
 * The forms of a secret, written with what the platform offers and sharing no code with src/redact:
 * the yardstick by which end-to-end tests search everything that an agent or a log got to see.
 */

/** Lists the forms of a secret by name; each is what a text must not contain. */
export function formsOf(secret: string): Record<string, string> {
  const bytes = Buffer.from(secret)
  const reversed = Array.from(secret).reverse().join('')
  const characters = Array.from(secret)
  const code = (character: string) => character.codePointAt(0) ?? 0
  const units = secret.split('').map(unit => unit.charCodeAt(0).toString(16).padStart(4, '0'))
  const hexPairs = Array.from(bytes, byte => byte.toString(16).padStart(2, '0'))
  const percentAll = hexPairs.map(pair => `%${pair}`).join('')
  const json = JSON.stringify(secret).slice(1, -1)
  return {
    plain: secret,
    'base64 padded': bytes.toString('base64'),
    ...base64Forms('base64', bytes),
    ...base64Forms('base64 of reversed', Buffer.from(reversed)),
    hex: hexPairs.join(''),
    HEX: hexPairs.join('').toUpperCase(),
    'hex with colons': hexPairs.join(':'),
    'hex with spaces': hexPairs.join(' '),
    'hex of reversed': Buffer.from(reversed).toString('hex'),
    'byte list': Array.from(bytes).join(','),
    'byte list with spaces': Array.from(bytes).join(', '),
    'url normal': encodeURIComponent(secret),
    'url form': new URLSearchParams({ v: secret }).toString().slice(2),
    'url all': percentAll,
    'url all, upper case': percentAll.toUpperCase(),
    'url twice': encodeURIComponent(encodeURIComponent(secret)),
    'url all, twice': encodeURIComponent(percentAll),
    json,
    'json twice': JSON.stringify(json).slice(1, -1),
    'json \\u': units.map(unit => `\\u${unit}`).join(''),
    'json \\u, twice': units.map(unit => `\\\\u${unit}`).join(''),
    'json in url': encodeURIComponent(json),
    'js \\u{}': characters.map(character => `\\u{${code(character).toString(16)}}`).join(''),
    ...(characters.every(character => code(character) < 0x100)
      ? { 'js \\x': characters.map(character => `\\x${code(character).toString(16).padStart(2, '0')}`).join('') }
      : {}),
    'html normal': htmlEscape(secret),
    'html twice': htmlEscape(htmlEscape(secret)),
    'html in url': encodeURIComponent(htmlEscape(secret)),
    'html decimal': characters.map(character => `&#${code(character)};`).join(''),
    'html decimal, zeros': characters.map(character => `&#000${code(character)};`).join(''),
    'html hex': characters.map(character => `&#x${code(character).toString(16)};`).join(''),
    'html hex, upper case': characters.map(character => `&#X${code(character).toString(16).toUpperCase()};`).join(''),
    reversed,
    'reversed json': JSON.stringify(reversed).slice(1, -1),
    'reversed url': encodeURIComponent(reversed),
  }
}

/**
 * Returns the names of the forms found. A string is searched as it is and again after undoing escapes, layer by layer, so
 * that mixed and deeper forms count; bytes are searched as they are, as UTF-8 and as UTF-16.
 */
export function findForms(haystack: string | Buffer, secret: string): string[] {
  const forms = Object.entries(formsOf(secret))
  if (typeof haystack !== 'string') {
    return forms
      .filter(([, form]) => haystack.includes(form, 0, 'utf8') || haystack.includes(form, 0, 'utf16le'))
      .map(([name]) => name)
  }
  const found = new Set<string>()
  let text = haystack
  for (let layer = 0; layer < 8; layer += 1) {
    const folded = text.replaceAll(/[\r\n\t ]+/g, '')
    const suffix = layer === 0 ? '' : `, after undoing ${layer} layers of escapes`
    for (const [name, form] of forms) {
      if (text.includes(form)) found.add(name + suffix)
      else if (/^(base64|hex)/.test(name) && folded.includes(form.replaceAll(' ', '')))
        found.add(`${name}, folded${suffix}`)
    }
    const next = unescapeOnce(text)
    if (next === text) break
    text = next
  }
  return [...found]
}

function base64Forms(name: string, bytes: Buffer): Record<string, string> {
  const forms = [0, 1, 2].flatMap(offset => {
    const text = determinedBase64(bytes, offset)
    const url = text.replaceAll('+', '-').replaceAll('/', '_')
    return [
      [`${name} a${offset}`, text],
      [`${name.replace('base64', 'base64url')} a${offset}`, url],
    ]
  })
  return Object.fromEntries(forms)
}

/** The characters that stay the same whatever surrounds the bytes, found by surrounding them with opposites. */
function determinedBase64(bytes: Buffer, offset: number): string {
  const surrounded = (filler: number) =>
    Buffer.concat([Buffer.alloc(offset, filler), bytes, Buffer.alloc(3, filler)])
      .toString('base64')
      .replace(/=+$/, '')
  const ones = surrounded(0xff)
  return Array.from(surrounded(0), (letter, index) => (letter === ones[index] ? letter : ' '))
    .join('')
    .trim()
}

function htmlEscape(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replaceAll(/[&<>"']/g, character => names[character] ?? character)
}

function unescapeOnce(text: string): string {
  const names: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  const controls: Record<string, string> = { n: '\n', r: '\r', t: '\t' }
  const point = (digits: string, radix: number) => {
    const value = Number.parseInt(digits, radix)
    return value <= 0x10ffff ? String.fromCodePoint(value) : ''
  }
  return text
    .replaceAll(/(?:%[0-9a-f]{2})+/gi, run => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
    .replaceAll(/\\(?:u([0-9a-f]{4})|u\{([0-9a-f]+)\}|x([0-9a-f]{2})|([^ux]))/gi, (_, unit, long, byte, short) =>
      short === undefined
        ? unit
          ? String.fromCharCode(Number.parseInt(unit, 16))
          : point(long ?? byte, 16)
        : (controls[short] ?? short),
    )
    .replaceAll(/&(?:#(\d+)|#x([0-9a-f]+)|(amp|lt|gt|quot|apos));?/gi, (_, decimal, hex, name) =>
      name === undefined ? (decimal ? point(decimal, 10) : point(hex, 16)) : (names[name.toLowerCase()] ?? ''),
    )
}
