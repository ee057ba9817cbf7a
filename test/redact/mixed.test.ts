import { describe, expect, test } from 'vitest'
import { findForms } from '../support/forms.ts'
import { collected, label, pieces, type Random, redactorOf, samples, seeded } from './samples.ts'

type Encoding = (character: string, random: Random) => string

const hex = (value: number, digits = 0) => value.toString(16).padStart(digits, '0')
const point = (character: string) => character.codePointAt(0) ?? 0
const percent = (character: string, mark: string) =>
  [...Buffer.from(character)].map(byte => mark + hex(byte, 2)).join('')
const units = (character: string, mark: string) =>
  character
    .split('')
    .map(unit => mark + hex(unit.charCodeAt(0), 4))
    .join('')
const names: Record<string, string> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }
const short: Record<string, string> = { '\n': 'n', '"': '"', '\\': '\\', '/': '/' }

const encodings: Record<string, Encoding> = {
  itself: character => character,
  percent: character => percent(character, '%'),
  'percent, upper case': character => percent(character, '%').toUpperCase(),
  'percent, many times': (character, random) => percent(character, `%${'25'.repeat(1 + random(6))}`),
  'space as plus': character => (character === ' ' ? '+' : character),
  'json unit': character => units(character, '\\u'),
  'json unit, upper case': character => units(character, '\\u').replaceAll(/[a-f]/g, digit => digit.toUpperCase()),
  'json unit, nested': (character, random) => units(character, `${'\\'.repeat(2 ** random(6))}u`),
  'json short': (character, random) =>
    short[character] === undefined ? character : '\\'.repeat(2 ** random(5)) + short[character],
  'js braces': (character, random) => `\\u{${'0'.repeat(random(5))}${hex(point(character))}}`,
  'js byte': character => (point(character) < 0x100 ? `\\x${hex(point(character), 2)}` : character),
  'html decimal': (character, random) => `&#${'0'.repeat(random(8))}${point(character)};`,
  'html hex': (character, random) => `&#x${'0'.repeat(random(8))}${hex(point(character))};`,
  'html hex, upper case': character => `&#X${hex(point(character)).toUpperCase()};`,
  'html name': character => (names[character] ? `&${names[character]};` : character),
  'html twice': character => `&amp;#${point(character)};`,
  'html in Go JSON': character => `\\u0026#${point(character)};`,
  'html in a URL': character => `%26%23${point(character)}%3B`,
  'json in a URL': character => units(character, '%5Cu'),
  'percent in HTML': character => percent(character, '&#37;'),
  'percent in JSON': character => percent(character, '\\u0025'),
}

describe.each(Object.entries(samples))('%s', (_, secret) => {
  const redactor = redactorOf(secret)
  const directions = { forwards: [...secret], backwards: [...secret].reverse() }

  test.each(Object.entries(directions))('is found %s with each character in another form', (_direction, characters) => {
    const random = seeded(secret.length)
    const choices = Object.entries(encodings)
    for (let round = 0; round < 30; round += 1) {
      const chosen = characters.map(character => {
        const [name, encode] = choices[random(choices.length)] ?? ['itself', encodings.itself as Encoding]
        return { name, written: encode(character, random) }
      })
      const text = `{"a":"${chosen.map(each => each.written).join('')}"}`
      expect(redactor.text(text), text).toBe(`{"a":"${label}"}`)
      expect(collected(redactor, pieces(text, random)), text).toBe(`{"a":"${label}"}`)
      expect(findForms(redactor.text(text), secret)).toEqual([])
    }
  })

  test.each(Object.entries(encodings))('is found with %s for all of it', (_encoding, encode) => {
    const random = seeded(7)
    const text = [...secret].map(character => encode(character, random)).join('')
    expect(redactor.text(`<${text}>`)).toBe(`<${label}>`)
  })
})

test('several layers of JSON are looked through', () => {
  const secret = samples['a password with marks']
  const redactor = redactorOf(secret)
  let text = JSON.stringify({ password: secret })
  for (let layer = 1; layer <= 5; layer += 1) {
    expect(redactor.text(text)).toContain(label)
    expect(findForms(redactor.text(text), secret)).toEqual([])
    text = JSON.stringify({ log: text })
  }
})

test('several layers of URLs are looked through', () => {
  const secret = samples['a password with marks']
  const redactor = redactorOf(secret)
  let text = encodeURIComponent(secret)
  for (let layer = 1; layer <= 8; layer += 1) {
    expect(redactor.text(`/login?next=${text}&x=1`)).toBe(`/login?next=${label}&x=1`)
    text = encodeURIComponent(text)
  }
})
